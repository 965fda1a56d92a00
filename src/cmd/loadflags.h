/*
 * Flags of every command that loads build files, as rows of its table. TYPE is the struct of
 * the command's flags, with the fields pipeline_dir, pipeline_dirs, env_file (lists), vars_file
 * and libc_flavor (texts).
 */
#pragma once

#include "cmd/options.h"

/* clang-format off */
#define MEL_OPT_LOAD(TYPE)                                                                     \
	{ .name = "pipeline-dir",                                                              \
	  .type = MEL_OPT_LIST,                                                                \
	  .offset = offsetof(TYPE, pipeline_dir),                                              \
	  .word = "DIR,...",                                                                   \
	  .help = "folders searched first for pipeline definitions" },                         \
	{ .name = "pipeline-dirs",                                                             \
	  .type = MEL_OPT_LIST,                                                                \
	  .offset = offsetof(TYPE, pipeline_dirs),                                             \
	  .word = "DIR,...",                                                                   \
	  .help = "more folders with pipeline definitions" },                                  \
	{ .name = "env-file",                                                                  \
	  .type = MEL_OPT_LIST,                                                                \
	  .offset = offsetof(TYPE, env_file),                                                  \
	  .word = "FILE,...",                                                                  \
	  .help = "files with environment variables for the steps" },                          \
	{ .name = "vars-file",                                                                 \
	  .type = MEL_OPT_TEXT,                                                                \
	  .offset = offsetof(TYPE, vars_file),                                                 \
	  .word = "FILE",                                                                      \
	  .help = "YAML file with values for the vars of the build file" }

#define MEL_OPT_LIBC_FLAVOR(TYPE)                                                              \
	{ .name = "override-host-triplet-libc-substitution-flavor",                            \
	  .type = MEL_OPT_TEXT,                                                                \
	  .offset = offsetof(TYPE, libc_flavor),                                               \
	  .word = "WORD",                                                                      \
	  .preset = "gnu",                                                                     \
	  .help = "C library in ${{host.triplet.*}}" }
/* clang-format on */
