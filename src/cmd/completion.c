/* "melange completion": completion scripts for shells, made from the tables of flags. */
#include "cmd/cmd.h"

#include "base/slice.h"
#include "cmd/help.h"

static bool is_shown(const struct mel_opt *row)
{
	return row->name && !row->is_hidden && row->status == MEL_OPT_BUILT;
}

static void add_flags(struct mel_buf *out, const struct mel_opt *row, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_shown(&row[i]))
			mel_buf_printf(out, " --%s", row[i].name);
}

/* Words by command; files where no flag is being typed. Source: bash(1), complete. */
static void write_bash(struct mel_buf *out)
{
	size_t len, global_len;
	const struct mel_cmd *const *all = mel_cmd_all(&len);
	const struct mel_opt *global = mel_cmd_global_opts(&global_len);

	mel_buf_add_text(out, "_melange() {\n"
			      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} word cmd= flags\n"
			      "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
			      "\t\tcase $word in -*) ;; *) cmd=$word; break ;; esac\n"
			      "\tdone\n"
			      "\tflags=\"");
	add_flags(out, global, global_len);
	mel_buf_add_text(out, "\"\n\tcase $cmd in\n\t'') flags+=\"");
	for (size_t i = 0; i < len; i++)
		if (!all[i]->is_hidden)
			mel_buf_printf(out, " %s", all[i]->name);
	mel_buf_add_text(out, "\" ;;\n");
	for (size_t i = 0; i < len; i++) {
		if (all[i]->is_hidden || all[i]->opt_len == 0)
			continue;
		mel_buf_printf(out, "\t%s) flags+=\"", all[i]->name);
		add_flags(out, all[i]->opt, all[i]->opt_len);
		mel_buf_add_text(out, "\" ;;\n");
	}
	mel_buf_add_text(out, "\tesac\n"
			      "\tif [[ $cur == -* || -z $cmd ]]; then\n"
			      "\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
			      "\telse\n"
			      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
			      "\tfi\n"
			      "}\n"
			      "complete -o filenames -F _melange melange\n");
}

static void write_zsh(struct mel_buf *out)
{
	mel_buf_add_text(out, "autoload -U +X bashcompinit && bashcompinit\n");
	write_bash(out);
}

static void fish_flag(struct mel_buf *out, const char *condition, const struct mel_opt *row)
{
	mel_buf_printf(out, "complete -c melange -n '%s' -l %s", condition, row->name);
	if (row->letter)
		mel_buf_printf(out, " -s %c", row->letter);
	if (row->type != MEL_OPT_BOOL)
		mel_buf_add_text(out, " -r");
	mel_buf_add_text(out, " -d '");
	for (const char *p = row->help; *p; p++)
		mel_buf_printf(out, *p == '\'' ? "\\%c" : "%c", *p);
	mel_buf_add_text(out, "'\n");
}

/* Source: fish's complete(1). */
static void write_fish(struct mel_buf *out)
{
	size_t len, global_len;
	const struct mel_cmd *const *all = mel_cmd_all(&len);
	const struct mel_opt *global = mel_cmd_global_opts(&global_len);

	for (size_t i = 0; i < global_len; i++)
		if (is_shown(&global[i]))
			fish_flag(out, "true", &global[i]);
	for (size_t i = 0; i < len; i++) {
		char condition[64];

		if (all[i]->is_hidden)
			continue;
		mel_buf_printf(out,
			       "complete -c melange -n __fish_use_subcommand -a %s -d '%s'\n",
			       all[i]->name, all[i]->summary);
		snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s",
			 all[i]->name);
		for (size_t k = 0; k < all[i]->opt_len; k++)
			if (is_shown(&all[i]->opt[k]))
				fish_flag(out, condition, &all[i]->opt[k]);
	}
}

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	static const struct {
		const char *name;
		void (*write)(struct mel_buf *out);
	} shells[] = {
		{ "bash", write_bash },
		{ "zsh", write_zsh },
		{ "fish", write_fish },
	};
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	(void)ctx;
	(void)flags;
	for (size_t i = 0; given->arg.len == 1 && i < MEL_COUNTOF(shells); i++) {
		if (!mel_text_eq(shells[i].name, given->arg.at[0]))
			continue;
		shells[i].write(&out);
		return mel_stdout_write(&out, err);
	}
	return mel_err_set(err, MEL_ERR_USAGE, "A shell type (bash, zsh, fish) is required.");
}

const struct mel_cmd mel_cmd_completion = {
	.name = "completion",
	.args = "bash|zsh|fish",
	.summary = "Print a completion script for a shell",
	.max_args = 1,
	.run = run,
};
