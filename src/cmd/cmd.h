/*
 * The subcommands of the program. Each is one const struct in a file of its own; this layer is
 * the only reader of argv, environment, clock and working directory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "cmd/options.h"
#include "cmd/sink.h"

/* What a running command has at hand. */
struct mel_ctx {
	int argc;
	char *const *argv; /* of main */
	struct mel_arena arena;
	struct mel_sink sink;
	bool is_quiet;
};

enum { MEL_CMD_ANY_ARGS = 1000000 };

struct mel_cmd {
	const char *name;
	const char *full;    /* a command of a group: "cache gc"; NULL: name */
	const char *args;    /* for the usage line: "[FILE]" */
	const char *summary; /* one line */
	const char *about;   /* further lines of the help, or NULL */
	const char *refused; /* not NULL: the command is known but refused with this text */
	const struct mel_opt *opt;
	size_t opt_len;
	size_t flags_size; /* of the struct that opt fills */
	size_t min_args, max_args;
	bool is_hidden;
	/* Not NULL: a group, which has commands of its own instead of run and flags. */
	const struct mel_cmd *const *sub;
	size_t sub_len;
	/* Errors: any kind, the exit status follows from it. flags is the struct opt filled. */
	int (*run)(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		   struct mel_err **err);
};

extern const struct mel_cmd mel_cmd_build;
extern const struct mel_cmd mel_cmd_cache;
extern const struct mel_cmd mel_cmd_compile;
extern const struct mel_cmd mel_cmd_completion;
extern const struct mel_cmd mel_cmd_help;
extern const struct mel_cmd mel_cmd_keygen;
extern const struct mel_cmd mel_cmd_update_cache;
extern const struct mel_cmd mel_cmd_version;

/* All commands of the group (NULL: of the program), in the order of the help. */
const struct mel_cmd *const *mel_cmd_all(const struct mel_cmd *group, size_t *len);
/* The command of that name in the group (NULL: of the program), or NULL. */
const struct mel_cmd *mel_cmd_find(const struct mel_cmd *group, const char *name);
/* Error USAGE of a name that is no command there. */
int mel_cmd_unknown(const struct mel_cmd *group, const char *name, struct mel_err **err);
/* The words behind "melange" that call it: "build", "cache gc". */
const char *mel_cmd_full(const struct mel_cmd *cmd);
/* The flags that every command takes. */
const struct mel_opt *mel_cmd_global_opts(size_t *len);

/* Folder for what outlives builds, of the XDG Base Directory Specification; NULL: none. */
const char *mel_cmd_state_home(struct mel_arena *arena);

/* Run the program with the arguments of main; the exit status. */
int mel_cmd_main(int argc, char **argv);
