/* Nothing here yet. */
#include "apk/layer.h"

extern int mel_apk_layer;
int mel_apk_layer;
