/*
 * rules.h - what each definition below split/ moves.
 */
#pragma once

#include "guest/plan.h"

struct mel_split_inputs {
	const char *prefix;   /* dev: "/usr" or the like */
	const char *patterns; /* lib: one per line */
	const char *paths;    /* lib: one per line */
};

struct mel_split_rule {
	const char *name; /* of the definition, without "split/" */
	/* Fill the plan from the tree at plan->source_fd. 0, or -1 after an error line. */
	int (*plan)(struct mel_split_plan *plan, const struct mel_split_inputs *inputs);
};

/* The rule of that name, or NULL. */
const struct mel_split_rule *mel_split_rule_find(const char *name);
