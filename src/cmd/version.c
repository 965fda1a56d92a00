/* "melange version": which program this is, as text or JSON on stdout. */
#include "cmd/cmd.h"

#include "config/arch.h"
#include "cmd/help.h"
#include "src/cmd/commit.h"

/* The melange whose command line, build files and packages this one takes over. */
#define COMPATIBLE_WITH "2043d30b"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct flags {
	bool json;
};

static const struct mel_opt opt[] = {
	{ .name = "json",
	  .type = MEL_OPT_BOOL,
	  .offset = offsetof(struct flags, json),
	  .help = "as a JSON object" },
};

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	const struct flags *f = flags;
	const char *arch = mel_arch_host();
	const char *platform = mel_arena_printf(&ctx->arena, "linux/%s", arch ? arch : "?");
	const struct {
		const char *label, *key, *value;
	} rows[] = {
		{ "GitVersion:", "gitVersion", "v" PACKAGE_VERSION },
		{ "GitCommit:", "gitCommit", MEL_COMMIT },
		{ "GitTreeState:", "gitTreeState", MEL_TREE_STATE },
		{ "BuildDate:", "buildDate", MEL_COMMIT_DATE },
		{ "Compiler:", "compiler", COMPILER },
		{ "Platform:", "platform", platform },
		{ "CompatibleWith:", "compatibleWith", COMPATIBLE_WITH },
	};
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	(void)given;
	mel_buf_add_text(&out, f->json ? "{\n" : "melange\n\n");
	for (size_t i = 0; i < MEL_COUNTOF(rows); i++) {
		if (f->json)
			mel_buf_printf(&out, "  \"%s\": \"%s\"%s\n", rows[i].key, rows[i].value,
				       i + 1 < MEL_COUNTOF(rows) ? "," : "");
		else
			mel_buf_printf(&out, "%-16s%s\n", rows[i].label, rows[i].value);
	}
	mel_buf_add_text(&out, f->json ? "}\n" : "");
	return mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_version = {
	.name = "version",
	.summary = "Show the version of this program",
	.opt = opt,
	.opt_len = MEL_COUNTOF(opt),
	.flags_size = sizeof(struct flags),
	.run = run,
};
