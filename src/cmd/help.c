/* Help: see help.h. */
#include "cmd/help.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/slice.h"

enum { FLAG_COLUMN = 36 }; /* where the text of a flag begins */

int mel_stdout_write(const struct mel_buf *out, struct mel_err **err)
{
	if (mel_write_full(STDOUT_FILENO, mel_buf_text(out), out->len) < 0) {
		mel_err_sys(err, "cannot write to standard output");
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	return 0;
}

static bool is_shown(const struct mel_opt *row)
{
	return !row->is_hidden && row->status == MEL_OPT_BUILT;
}

static void write_preset(struct mel_buf *out, const struct mel_opt *row)
{
	if (!row->preset || !row->preset[0])
		return;
	mel_buf_printf(out, " (default %s)", row->preset);
}

static void write_flag(struct mel_buf *out, const struct mel_opt *row)
{
	size_t start = out->len;

	if (row->letter)
		mel_buf_printf(out, "  -%c, ", row->letter);
	else
		mel_buf_add_text(out, "      ");
	mel_buf_printf(out, "--%s", row->name);
	if (row->word)
		mel_buf_printf(out, " %s", row->word);
	if (out->len - start >= FLAG_COLUMN) {
		mel_buf_add_char(out, '\n');
		start = out->len;
	}
	while (out->len - start < FLAG_COLUMN)
		mel_buf_add_char(out, ' ');
	mel_buf_add_text(out, row->help);
	write_preset(out, row);
	mel_buf_add_char(out, '\n');
}

static void write_flags(struct mel_buf *out, const char *title, const struct mel_opt *row,
			size_t len)
{
	if (len && row[0].type != MEL_OPT_HEADING)
		mel_buf_printf(out, "\n%s:\n", title);
	for (size_t i = 0; i < len; i++) {
		if (row[i].type == MEL_OPT_HEADING)
			mel_buf_printf(out, "\n%s:\n", row[i].help);
		else if (is_shown(&row[i]))
			write_flag(out, &row[i]);
	}
}

static void write_commands(struct mel_buf *out, const struct mel_cmd *group)
{
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(group, &len);

	mel_buf_add_text(out, "\nCommands:\n");
	for (size_t i = 0; i < len; i++)
		if (!all[i]->is_hidden)
			mel_buf_printf(out, "  %-14s%s\n", all[i]->name, all[i]->summary);
}

static void write_command(struct mel_buf *out, const struct mel_cmd *cmd)
{
	const char *full = mel_cmd_full(cmd);

	mel_buf_printf(out, "%s\n\nUsage:\n  melange %s%s [flags]%s%s\n", cmd->summary, full,
		       cmd->sub ? " COMMAND" : "", cmd->args ? " " : "",
		       cmd->args ? cmd->args : "");
	if (cmd->about)
		mel_buf_printf(out, "\n%s", cmd->about);
	if (cmd->sub)
		write_commands(out, cmd);
	write_flags(out, "Flags", cmd->opt, cmd->opt_len);
}

void mel_help_write(struct mel_buf *out, const struct mel_cmd *cmd)
{
	size_t len;
	const struct mel_opt *global = mel_cmd_global_opts(&len);

	if (cmd) {
		write_command(out, cmd);
	} else {
		mel_buf_add_text(out, "Build apk packages from a build file in a rootless "
				      "sandbox\n\nUsage:\n  melange [flags] COMMAND [flags] "
				      "[arguments]\n");
		write_commands(out, NULL);
	}
	write_flags(out, "Global flags", global, len);
	if (!cmd || cmd->sub)
		mel_buf_printf(out, "\n'melange help %s%sCOMMAND' says more about a command.\n",
			       cmd ? mel_cmd_full(cmd) : "", cmd ? " " : "");
}

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const struct mel_cmd *cmd = NULL;

	(void)ctx;
	(void)flags;
	for (size_t i = 0; i < given->arg.len; i++) {
		const struct mel_cmd *group = cmd;

		if (group && !group->sub)
			return mel_err_set(err, MEL_ERR_USAGE, "'%s' has no commands",
					   mel_cmd_full(group));
		cmd = mel_cmd_find(group, given->arg.at[i]);
		if (!cmd)
			return mel_cmd_unknown(group, given->arg.at[i], err);
		if (cmd->refused)
			return mel_err_set(err, MEL_ERR_USAGE, "%s", cmd->refused);
	}
	mel_help_write(&out, cmd);
	return mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_help = {
	.name = "help",
	.args = "[COMMAND [COMMAND]]",
	.summary = "Explain a command",
	.max_args = 2,
	.run = run,
};
