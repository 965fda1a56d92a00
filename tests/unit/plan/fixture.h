/* A folder with a build file and definitions, loaded and compiled. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "config/passes.h"
#include "plan/plan.h"

struct fixture {
	char dir[64]; /* private folder */
	struct mel_arena arena;
	struct mel_load_opts load;
	struct mel_plan_opts opts;
	struct mel_config *config;
	struct mel_plan *plan;
	struct mel_err *err; /* what went wrong, or NULL */
	const char *pipeline_dir;
};

void fixture_init(struct fixture *f);
/* Write text to the file name (folders are made) below the folder. */
void fixture_write(struct fixture *f, const char *name, const char *text);
/* Absolute path of name below the folder, in the arena. */
const char *fixture_path(struct fixture *f, const char *name);
/* The definitions that the tables below use. */
void fixture_definitions(struct fixture *f);
/*
 * Load a file with the package a, 1.2.3, epoch 4 (plus package, flow mapping entries), and
 * rest; false with err set.
 */
bool fixture_load(struct fixture *f, const char *package, const char *rest);
/* fixture_load, then the plan. */
bool fixture_plan(struct fixture *f, const char *package, const char *rest);
/* The runs of all steps, joined by '|', without line feeds at their ends; in the arena. */
const char *fixture_runs(struct fixture *f);
/* The variable name of the step at index, NULL if it has none. */
const char *fixture_env(const struct fixture *f, size_t index, const char *name);
/* Texts of list, joined by blanks; in the arena. */
const char *fixture_texts(struct fixture *f, const struct mel_texts *list);
void fixture_clear(struct fixture *f);
#define AUTO_FIXTURE __attribute__((cleanup(fixture_clear)))
