/* Nothing here yet. */
#include "config/layer.h"

extern int mel_config_layer;
int mel_config_layer;
