/* Nothing here yet. */
#include "plan/layer.h"

extern int mel_plan_layer;
int mel_plan_layer;
