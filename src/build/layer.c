/* Nothing here yet. */
#include "build/layer.h"

extern int mel_build_layer;
int mel_build_layer;
