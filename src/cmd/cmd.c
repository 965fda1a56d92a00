/*
 * Dispatch of subcommands: finds the command among the arguments, parses its flags and the
 * global ones, sets the log sink up, and turns the error of a command into log records and an
 * exit status.
 */
#include "cmd/cmd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "cmd/help.h"

enum { SUGGEST_MAX = 2 }; /* edits between a typo and the command that is suggested */

struct global_flags {
	const char *log_level, *log_format;
	bool gcplog, quiet, help;
};

static const struct mel_opt global_opt[] = {
	{ .name = "log-level",
	  .type = MEL_OPT_TEXT,
	  .offset = offsetof(struct global_flags, log_level),
	  .word = "LEVEL",
	  .preset = "INFO",
	  .help = "lowest level shown: debug, info, warn, error" },
	{ .name = "log-format",
	  .type = MEL_OPT_TEXT,
	  .offset = offsetof(struct global_flags, log_format),
	  .word = "FORMAT",
	  .preset = "text",
	  .help = "text, or json: one object per record" },
	{ .name = "gcplog",
	  .type = MEL_OPT_BOOL,
	  .offset = offsetof(struct global_flags, gcplog),
	  .help = "log records as JSON for a cloud collector",
	  .is_hidden = true },
	{ .name = "quiet",
	  .type = MEL_OPT_BOOL,
	  .offset = offsetof(struct global_flags, quiet),
	  .help = "warnings and errors only, no status line" },
	{ .name = "help",
	  .letter = 'h',
	  .type = MEL_OPT_BOOL,
	  .offset = offsetof(struct global_flags, help),
	  .help = "show the help of a command" },
};

/* Commands that are known but do nothing in this version. */
#define LATER(word)                                                                            \
	(&(const struct mel_cmd){ .name = word,                                                \
				  .refused = "'" word "' is not available in this version",    \
				  .is_hidden = true })

static const struct mel_cmd *const command[] = {
	&mel_cmd_build,
	&mel_cmd_compile,
	&mel_cmd_cache,
	&mel_cmd_keygen,
	&mel_cmd_update_cache,
	&mel_cmd_version,
	&mel_cmd_completion,
	&mel_cmd_help,
	LATER("test"),
	LATER("query"),
	LATER("package-version"),
	LATER("lint"),
	LATER("license-check"),
	LATER("scan"),
	LATER("index"),
	LATER("sign"),
	LATER("sign-index"),
	LATER("bump"),
	LATER("source"),
	LATER("rebuild"),
	LATER("doctor"),
	LATER("enter"),
	&(const struct mel_cmd){
		.name = "initramfs",
		.refused = "'initramfs' does not exist: packages are built in a sandbox, no "
			   "virtual machine is used",
		.is_hidden = true,
	},
	&(const struct mel_cmd){
		.name = "convert",
		.refused = "'convert' does not exist: write the build file by hand, the "
			   "pipelines listed by the documentation cover the usual cases",
		.is_hidden = true,
	},
};

const struct mel_cmd *const *mel_cmd_all(const struct mel_cmd *group, size_t *len)
{
	*len = group ? group->sub_len : MEL_COUNTOF(command);
	return group ? group->sub : command;
}

const struct mel_opt *mel_cmd_global_opts(size_t *len)
{
	*len = MEL_COUNTOF(global_opt);
	return global_opt;
}

const struct mel_cmd *mel_cmd_find(const struct mel_cmd *group, const char *name)
{
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(group, &len);

	for (size_t i = 0; i < len; i++)
		if (mel_text_eq(all[i]->name, name))
			return all[i];
	return NULL;
}

const char *mel_cmd_full(const struct mel_cmd *cmd)
{
	return cmd->full ? cmd->full : cmd->name;
}

int mel_cmd_unknown(const struct mel_cmd *group, const char *name, struct mel_err **err)
{
	const char *best = NULL;
	unsigned best_edits = SUGGEST_MAX + 1;
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(group, &len);
	const char *blank = group ? " " : "", *of = group ? group->name : "";

	for (size_t i = 0; i < len; i++) {
		unsigned edits = mel_text_distance(name, all[i]->name, SUGGEST_MAX);

		if (!all[i]->is_hidden && edits < best_edits) {
			best_edits = edits;
			best = all[i]->name;
		}
	}
	if (best)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "unknown command \"%s\" for \"melange%s%s\" (did you mean "
				   "'%s'?)",
				   name, blank, of, best);
	return mel_err_set(err, MEL_ERR_USAGE, "unknown command \"%s\" for \"melange%s%s\"",
			   name, blank, of);
}

/* The flag that the argument names, in the global table or in that of a command of group. */
static const struct mel_opt *find_flag(const struct mel_cmd *group, const char *arg)
{
	struct mel_opt_table table = { global_opt, MEL_COUNTOF(global_opt), NULL };
	size_t next = 0;

	for (;;) {
		const struct mel_opt *row =
			arg[1] == '-' ? mel_opt_find(&table, 1, arg + 2, strlen(arg + 2), NULL)
				      : mel_opt_find_letter(&table, 1, arg[1], NULL);

		if (row || !group || next == group->sub_len)
			return row;
		table.row = group->sub[next]->opt;
		table.len = group->sub[next++]->opt_len;
	}
}

/* True when the argument in front of a command takes the next one as its value: a flag that is
 * not known here belongs to the command, and only "--name value" is guessed for it. */
static bool takes_next(const struct mel_cmd *group, const char *arg)
{
	const struct mel_opt *row;

	if (arg[0] != '-' || strchr(arg, '=') || (arg[1] != '-' && strlen(arg) != 2))
		return false;
	row = find_flag(group, arg);
	return !row || row->type != MEL_OPT_BOOL;
}

/* Index at or after from of the name of a command of group in argv, argc when there is none. */
static int find_name(const struct mel_cmd *group, int argc, char *const *argv, int from)
{
	for (int i = from; i < argc; i++) {
		if (mel_text_eq(argv[i], "--"))
			break;
		if (takes_next(group, argv[i]))
			i++;
		else if (argv[i][0] != '-' && argv[i][0])
			return i;
	}
	return argc;
}

const char *mel_cmd_state_home(struct mel_arena *arena)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return state;
	return home && home[0] == '/' ? mel_arena_printf(arena, "%s/.local/state", home) : NULL;
}

static int check_count(const struct mel_cmd *cmd, size_t len, struct mel_err **err)
{
	if (cmd->min_args == cmd->max_args && len != cmd->min_args)
		return mel_err_set(err, MEL_ERR_USAGE, "accepts %zu arg(s), received %zu",
				   cmd->max_args, len);
	if (len < cmd->min_args)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "requires at least %zu arg(s), only received %zu",
				   cmd->min_args, len);
	if (len > cmd->max_args)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "accepts at most %zu arg(s), received %zu", cmd->max_args,
				   len);
	return 0;
}

static int set_up_log(struct mel_ctx *ctx, const struct global_flags *global,
		      const struct mel_opt_result *given, struct mel_err **err)
{
	int level;

	if (mel_sink_parse_level(global->log_level, &level, err) < 0 ||
	    mel_sink_parse_format(global->log_format, &ctx->sink.format, err) < 0)
		return -1;
	if (global->gcplog)
		ctx->sink.format = MEL_SINK_GCP;
	if (global->quiet && !mel_opt_is_given(given, "log-level"))
		level = MEL_LOG_WARN;
	ctx->sink.level = level;
	ctx->is_quiet = global->quiet;
	return 0;
}

static void warn_without_effect(const struct mel_opt_result *given)
{
	for (size_t i = 0; i < given->used.len; i++) {
		const struct mel_opt *row = given->used.at[i];

		if (row->status != MEL_OPT_NO_EFFECT)
			continue;
		if (row->note)
			mel_log(MEL_LOG_WARN, "%s", row->note);
		else
			mel_log(MEL_LOG_WARN, "--%s has no effect", row->name);
	}
}

static int show_help(const struct mel_cmd *cmd, struct mel_err **err)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	mel_help_write(&out, cmd);
	return mel_stdout_write(&out, err);
}

static int run_parsed(struct mel_ctx *ctx, const struct mel_cmd *cmd,
		      const struct mel_opt_table *table, const struct mel_opt_result *given,
		      struct mel_err **err)
{
	const struct global_flags *global = table[1].out;

	if (set_up_log(ctx, global, given, err) < 0)
		return -1;
	if ((!cmd || cmd->sub) && given->arg.len > 0)
		return mel_cmd_unknown(cmd, given->arg.at[0], err);
	if (global->help || !cmd || cmd->sub)
		return show_help(cmd, err);
	if (check_count(cmd, given->arg.len, err) < 0)
		return -1;
	warn_without_effect(given);
	return cmd->run(ctx, table[0].out, given, err);
}

/* The command that the arguments name, and which of them are its name (argc: none). */
struct call {
	const struct mel_cmd *cmd; /* NULL: the program itself */
	int at, sub_at;
};

/* "cache help gc" is "help cache gc"; for the rest, a group's command. */
static int find_in_group(struct call *call, const struct mel_ctx *ctx, struct mel_err **err)
{
	const struct mel_cmd *group = call->cmd;
	int at = find_name(group, ctx->argc, ctx->argv, call->at + 1);

	if (at == ctx->argc)
		return 0;
	if (mel_text_eq(ctx->argv[at], "help")) {
		*call = (struct call){ &mel_cmd_help, at, ctx->argc };
		return 0;
	}
	call->sub_at = at;
	call->cmd = mel_cmd_find(group, ctx->argv[at]);
	return call->cmd ? 0 : mel_cmd_unknown(group, ctx->argv[at], err);
}

static int find_call(struct call *call, const struct mel_ctx *ctx, struct mel_err **err)
{
	int at = find_name(NULL, ctx->argc, ctx->argv, 1);

	*call = (struct call){ NULL, at, ctx->argc };
	if (at == ctx->argc)
		return 0;
	call->cmd = mel_cmd_find(NULL, ctx->argv[at]);
	if (!call->cmd)
		return mel_cmd_unknown(NULL, ctx->argv[at], err);
	if (call->cmd->refused)
		return mel_err_set(err, MEL_ERR_USAGE, "%s", call->cmd->refused);
	return call->cmd->sub ? find_in_group(call, ctx, err) : 0;
}

static int run_command(struct mel_ctx *ctx, struct mel_err **err)
{
	struct call call;
	struct global_flags global = { .help = false };
	size_t len = (size_t)(ctx->argc > 0 ? ctx->argc - 1 : 0), arg_len = 0;
	const char **arg = mel_arena_array(&ctx->arena, len + 1, sizeof(*arg));

	if (find_call(&call, ctx, err) < 0)
		return -1;
	for (int i = 1; i < ctx->argc; i++)
		if (i != call.at && i != call.sub_at)
			arg[arg_len++] = ctx->argv[i];

	const struct mel_cmd *cmd = call.cmd;
	struct mel_opt_table table[] = {
		{ cmd ? cmd->opt : NULL, cmd ? cmd->opt_len : 0, NULL },
		{ global_opt, MEL_COUNTOF(global_opt), &global },
	};
	struct mel_opt_result given = { .arg = { NULL, 0, 0 } };
	if (cmd)
		table[0].out = mel_arena_alloc(&ctx->arena, cmd->flags_size + 1);

	int rc = mel_opt_parse(&given, table, MEL_COUNTOF(table), arg, arg_len, &ctx->arena,
			       err);
	if (rc == 0)
		rc = run_parsed(ctx, cmd, table, &given, err);
	mel_opt_table_clear(&table[0]);
	mel_opt_result_clear(&given);
	return rc;
}

int mel_cmd_main(int argc, char **argv)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_ctx ctx = { .argc = argc, .argv = argv };

	signal(SIGPIPE, SIG_DFL);
	mel_sink_init(&ctx.sink, STDERR_FILENO);
	mel_log_set_sink(mel_sink_write, &ctx.sink);
	if (run_command(&ctx, &err) < 0)
		for (const struct mel_err *at = err; at; at = at->next)
			mel_log(MEL_LOG_ERROR, "%s", at->text);
	mel_log_set_sink(NULL, NULL);
	mel_sink_clear(&ctx.sink);
	mel_arena_clear(&ctx.arena);
	return mel_err_exit_status(err);
}
