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

static void add_names(struct mel_buf *out, const struct mel_cmd *group)
{
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(group, &len);

	for (size_t i = 0; i < len; i++)
		if (!all[i]->is_hidden)
			mel_buf_printf(out, " %s", all[i]->name);
}

/* One branch per command, and per command of a group. */
static void bash_commands(struct mel_buf *out, const struct mel_cmd *group)
{
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(group, &len);

	for (size_t i = 0; i < len; i++) {
		if (all[i]->is_hidden || (all[i]->opt_len == 0 && !all[i]->sub))
			continue;
		mel_buf_printf(out, "\t'%s') flags+=\"", mel_cmd_full(all[i]));
		add_flags(out, all[i]->opt, all[i]->opt_len);
		mel_buf_add_text(out, "\"");
		if (all[i]->sub) {
			mel_buf_add_text(out, " names=\"");
			add_names(out, all[i]);
			mel_buf_add_text(out, "\"");
		}
		mel_buf_add_text(out, " ;;\n");
		if (all[i]->sub)
			bash_commands(out, all[i]);
	}
}

/* A pattern of the names of groups: their next word is part of the command. */
static void bash_groups(struct mel_buf *out)
{
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(NULL, &len);
	const char *bar = "";

	for (size_t i = 0; i < len; i++) {
		if (!all[i]->sub)
			continue;
		mel_buf_printf(out, "%s%s", bar, all[i]->name);
		bar = "|";
	}
}

/* Words by command; files where no flag is being typed. Source: bash(1), complete. */
static void write_bash(struct mel_buf *out)
{
	size_t global_len;
	const struct mel_opt *global = mel_cmd_global_opts(&global_len);

	mel_buf_add_text(out, "_melange() {\n"
			      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} word cmd= flags names=\n"
			      "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
			      "\t\tcase $cmd:$word in\n"
			      "\t\t*:-*) ;;\n"
			      "\t\t:*) cmd=$word ;;\n"
			      "\t\t");
	bash_groups(out);
	mel_buf_add_text(out, ":*) cmd+=\" $word\"; break ;;\n"
			      "\t\t*) break ;;\n"
			      "\t\tesac\n"
			      "\tdone\n"
			      "\tflags=\"");
	add_flags(out, global, global_len);
	mel_buf_add_text(out, "\"\n\tcase $cmd in\n\t'') names=\"");
	add_names(out, NULL);
	mel_buf_add_text(out, "\" ;;\n");
	bash_commands(out, NULL);
	mel_buf_add_text(out, "\tesac\n"
			      "\tif [[ $cur == -* || $names ]]; then\n"
			      "\t\tCOMPREPLY=($(compgen -W \"$names $flags\" -- \"$cur\"))\n"
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

/* A command is offered where condition holds, its flags after its name. */
static void fish_commands(struct mel_buf *out, const struct mel_cmd *group,
			  const char *condition)
{
	size_t len;
	const struct mel_cmd *const *all = mel_cmd_all(group, &len);

	for (size_t i = 0; i < len; i++) {
		struct mel_buf own MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

		if (all[i]->is_hidden)
			continue;
		mel_buf_printf(out, "complete -c melange -n '%s' -a %s -d '%s'\n", condition,
			       all[i]->name, all[i]->summary);
		if (group)
			mel_buf_printf(&own, "__fish_seen_subcommand_from %s; and ",
				       group->name);
		mel_buf_printf(&own, "__fish_seen_subcommand_from %s", all[i]->name);
		for (size_t k = 0; k < all[i]->opt_len; k++)
			if (is_shown(&all[i]->opt[k]))
				fish_flag(out, mel_buf_text(&own), &all[i]->opt[k]);
		if (all[i]->sub)
			fish_commands(out, all[i], mel_buf_text(&own));
	}
}

/* Source: fish's complete(1). */
static void write_fish(struct mel_buf *out)
{
	size_t global_len;
	const struct mel_opt *global = mel_cmd_global_opts(&global_len);

	for (size_t i = 0; i < global_len; i++)
		if (is_shown(&global[i]))
			fish_flag(out, "true", &global[i]);
	fish_commands(out, NULL, "__fish_use_subcommand");
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
