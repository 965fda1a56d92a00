/* Nothing here yet. */
#include "codec/layer.h"

extern int mel_codec_layer;
int mel_codec_layer;
