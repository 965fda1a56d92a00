/* See fixture.h. */
#include "tests/unit/plan/fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"

void fixture_init(struct fixture *f)
{
	*f = (struct fixture){ .dir = "/tmp/mel-plan-XXXXXX" };
	cr_assert(mkdtemp(f->dir));
	f->pipeline_dir = fixture_path(f, "pipelines");
	f->load.arch = f->opts.arch = "x86_64";
	f->opts.pipeline_dir = &f->pipeline_dir;
	f->opts.pipeline_dir_len = 1;
}

const char *fixture_path(struct fixture *f, const char *name)
{
	return mel_arena_printf(&f->arena, "%s/%s", f->dir, name);
}

void fixture_write(struct fixture *f, const char *name, const char *text)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const char *path = fixture_path(f, name);
	const char *slash = strrchr(path, '/');

	cr_assert_eq(mel_mkdirs(AT_FDCWD,
				mel_arena_strndup(&f->arena, path, (size_t)(slash - path)),
				0755, &err),
		     0);
	cr_assert_eq(mel_file_write(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
}

void fixture_definitions(struct fixture *f)
{
	static const char *const files[][2] = {
		{ "greet",
		  "inputs: {who: {default: world}, opt: {default: \"\"}}\n"
		  "needs: {packages: [\"dep-${{inputs.who}}\"]}\n"
		  "pipeline: [{runs: \"echo hello ${{inputs.who}}${{inputs.opt}}\"}]\n" },
		{ "wrap", "inputs: {who: {required: true}}\n"
			  "pipeline:\n"
			  "  - uses: greet\n"
			  "    with: {who: \"${{inputs.who}}\"}\n"
			  "  - runs: echo ${{inputs.who}}\n" },
		{ "sum", "inputs: {expected-sha256: {}, expected-commit: {}}\nruns: x\n" },
		{ "sumwrap", "inputs: {expected-sha256: {}}\n"
			     "pipeline: [{uses: sum, with: {expected-sha256: "
			     "\"${{inputs.expected-sha256}}\"}}]\n" },
		{ "over", "if: \"'a' == 'b'\"\nruns: never\n" },
		{ "over2", "name: defname\n"
			   "working-directory: /def\n"
			   "environment: {A: def, P: \"${{targets.destdir}}\"}\n"
			   "runs: echo def\n"
			   "description: [not, checked]\n" },
		{ "loop", "pipeline: [{uses: loop2}]\n" },
		{ "loop2", "pipeline: [{uses: loop}]\n" },
		{ "chain", "inputs: {a: {default: \"${{inputs.b}}\"}, b: {default: "
			   "\"${{inputs.c}}\"}, c: {default: \"${{package.name}}\"}}\n"
			   "runs: echo ${{inputs.a}}\n" },
		{ "circle", "inputs: {a: {default: \"${{inputs.b}}\"}, b: {default: "
			    "\"${{inputs.a}}\"}}\nruns: x\n" },
		{ "inner", "runs: echo ${{inputs.who}}\n" },
		{ "outer", "inputs: {who: {default: you}}\npipeline: [{uses: inner}]\n" },
		{ "empty", "" },
		{ "broken", "pipeline: [\n" },
		{ "raw", "pipeline: [{if: \"'${{package.name}}' == 'a'\", runs: ok}]\n" },
	};

	for (size_t i = 0; i < MEL_COUNTOF(files); i++)
		fixture_write(f, mel_arena_printf(&f->arena, "pipelines/%s.yaml", files[i][0]),
			      files[i][1]);
}

bool fixture_load(struct fixture *f, const char *package, const char *rest)
{
	fixture_write(f, "build.yaml",
		      mel_arena_printf(&f->arena,
				       "package: {name: a, version: 1.2.3, epoch: 4%s%s}\n%s\n",
				       *package ? ", " : "", package, rest));
	return mel_config_load(&f->config, &f->arena, fixture_path(f, "build.yaml"), &f->load,
			       &f->err) == 0;
}

bool fixture_plan(struct fixture *f, const char *package, const char *rest)
{
	f->opts.build_option = f->load.build_option;
	f->opts.build_option_len = f->load.build_option_len;
	return fixture_load(f, package, rest) &&
	       mel_plan_make(&f->plan, f->config, &f->opts, &f->err) == 0;
}

const char *fixture_runs(struct fixture *f)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	for (size_t i = 0; i < f->plan->step_len; i++) {
		struct mel_slice runs = mel_slice_of(f->plan->step[i].runs);

		if (i)
			mel_buf_add_char(&buf, '|');
		mel_buf_add_slice(&buf, mel_slice_trim(runs, "\n"));
	}
	return mel_arena_slice(&f->arena, mel_buf_slice(&buf));
}

const char *fixture_env(const struct fixture *f, size_t index, const char *name)
{
	const char *const *env = f->plan->step[index].env;
	size_t len = strlen(name);

	for (; *env; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	}
	return NULL;
}

const char *fixture_texts(struct fixture *f, const struct mel_texts *list)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	for (size_t i = 0; i < list->len; i++)
		mel_buf_printf(&buf, "%s%s", i ? " " : "", list->at[i]);
	return mel_arena_slice(&f->arena, mel_buf_slice(&buf));
}

void fixture_clear(struct fixture *f)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;

	mel_plan_free(f->plan);
	mel_err_free(f->err);
	mel_rmtree(AT_FDCWD, f->dir, &err);
	mel_arena_clear(&f->arena);
}
