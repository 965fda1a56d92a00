/* Nothing here yet. */
#include "analyse/layer.h"

extern int mel_analyse_layer;
int mel_analyse_layer;
