/* Mirrors of a build's repositories: see mirrors.h. */
#include "builder/mirrors.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/slice.h"
#include "builder/sources.h"

/* --- what is asked for ---------------------------------------------------------------------
 */

static const char *input(struct mel_arena *arena, const struct mel_step *step, const char *name)
{
	const char *value = mel_step_variable(step, name);

	return mel_arena_strdup(arena, value ? value : "");
}

/* Hex digits in lower case; "" when it is none. */
static const char *commit_of(struct mel_arena *arena, const struct mel_step *step)
{
	const char *given = input(arena, step, "MELANGE_INPUT_EXPECTED_COMMIT");
	char *made = mel_arena_strdup(arena, given);

	for (char *p = made; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return made[strspn(made, "0123456789abcdef")] ? "" : made;
}

/* As the definition decides it: 1, or all of it when a commit of a branch may be an older one.
 */
static uint64_t depth_of(struct mel_arena *arena, const struct mel_step *step,
			 const struct mel_mirror *repo)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	const char *given = input(arena, step, "MELANGE_INPUT_DEPTH");
	const char *tip = input(arena, step, "MELANGE_INPUT_EXPECTED_COMMIT_IS_BRANCH_TIP");
	uint64_t depth = 0;

	if (mel_text_eq(given, "unset"))
		return *repo->branch && *repo->commit && mel_text_eq(tip, "false") ? 0 : 1;
	mel_slice_u64(mel_slice_of(given), &depth, &ignored);
	return depth;
}

void mel_mirrors_collect(struct mel_mirrors *out, struct mel_plan *plan)
{
	struct mel_arena *arena = &out->arena;

	for (size_t i = 0; i < plan->step_len; i++) {
		struct mel_step *step = &plan->step[i];
		struct mel_mirror repo = { .pos = step->use_pos };

		if (!step->uses || !mel_text_eq(step->uses, "git-checkout"))
			continue;
		repo.url = input(arena, step, "MELANGE_INPUT_REPOSITORY");
		repo.branch = input(arena, step, "MELANGE_INPUT_BRANCH");
		repo.tag = input(arena, step, "MELANGE_INPUT_TAG");
		repo.commit = commit_of(arena, step);
		repo.depth = depth_of(arena, step, &repo);
		repo.pos.file = mel_arena_strdup(arena, repo.pos.file ? repo.pos.file : "");
		if (!mel_mirror_is_url(repo.url) || (*repo.branch && *repo.tag))
			continue; /* the guest's own affair */
		mel_vec_push(&out->repo, repo);
		mel_vec_push(&out->step, step);
	}
}

/* --- getting it ----------------------------------------------------------------------------
 */

static int check(void *user, struct mel_err **err)
{
	const struct mel_mirrors_build *build = user;

	if (build->progress && build->progress->tick)
		build->progress->tick(build->progress->user);
	return build->check ? build->check(build->user, err) : 0;
}

int mel_mirrors_get(struct mel_mirrors *mirrors, const struct mel_mirrors_build *build,
		    struct mel_err **err)
{
	const struct mel_build_opts *opts = build->opts;
	bool is_kept = build->state && build->state->dirfd >= 0;
	struct mel_mirror_opts get = {
		.env = { opts->net_env.at, opts->net_env.len },
		.is_offline = opts->offline,
		.wake_fd = opts->signal_fd,
		.tick = check,
		.user = (void *)(uintptr_t)build,
	};

	if (mirrors->repo.len == 0)
		return 0;
	mirrors->path =
		mel_asprintf("%s/git", is_kept ? build->state->path : build->ws->state.path);
	if (mel_mkdirs(AT_FDCWD, mirrors->path, 0755, err) < 0)
		return -1;
	if (build->progress && build->progress->phase)
		build->progress->phase(build->progress->user, "repositories");
	get.path = mirrors->path;
	return mel_mirror_get(mirrors->repo.at, mirrors->repo.len, &get, err);
}

/* --- for the guest --------------------------------------------------------------------------
 */

/* The environment of the step with one setting more. */
static const char *const *with_mirror(struct mel_arena *arena, const struct mel_step *step,
				      const struct mel_mirror *repo)
{
	const char *target = mel_arena_printf(arena, MEL_MIRRORS_TARGET "/%s", repo->name);
	const char *count = mel_step_variable(step, "GIT_CONFIG_COUNT");
	unsigned long at = count ? strtoul(count, NULL, 10) : 0;
	const char **env;
	size_t len = 0, old;

	for (old = 0; step->env[old]; old++)
		;
	env = mel_arena_array(arena, old + 5, sizeof(*env));
	for (size_t i = 0; i < old; i++)
		if (!mel_text_starts(step->env[i], "GIT_CONFIG_COUNT="))
			env[len++] = step->env[i];
	env[len++] = mel_arena_printf(arena, "GIT_CONFIG_COUNT=%lu", at + 1);
	env[len++] = mel_arena_printf(arena, "GIT_CONFIG_KEY_%lu=url.file://%s.insteadOf", at,
				      target);
	env[len++] = mel_arena_printf(arena, "GIT_CONFIG_VALUE_%lu=%s", at, repo->url);
	env[len++] = mel_arena_printf(arena, "MELANGE_GIT_MIRROR=%s", target);
	return env;
}

void mel_mirrors_use(const struct mel_mirrors *mirrors, struct mel_plan *plan)
{
	for (size_t i = 0; i < mirrors->repo.len; i++) {
		struct mel_step *step = mirrors->step.at[i];

		step->env = with_mirror(&plan->arena, step, &mirrors->repo.at[i]);
	}
}

static bool is_mounted(const struct mel_mirrors *mirrors, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (mel_text_eq(mirrors->repo.at[j].name, mirrors->repo.at[i].name))
			return true;
	return false;
}

void mel_mirrors_mount(const struct mel_mirrors *mirrors, struct mel_arena *arena,
		       mel_mounts *mounts)
{
	for (size_t i = 0; i < mirrors->repo.len; i++) {
		const char *name = mirrors->repo.at[i].name;

		if (is_mounted(mirrors, i))
			continue;
		mel_vec_push(
			mounts,
			(struct sbx_mount){
				.type = SBX_BIND,
				.flags = SBX_READONLY,
				.source = mel_arena_printf(arena, "%s/%s", mirrors->path, name),
				.target =
					mel_arena_printf(arena, MEL_MIRRORS_TARGET "/%s", name),
			});
	}
}

void mel_mirrors_clear(struct mel_mirrors *mirrors)
{
	mel_vec_clear(&mirrors->repo);
	mel_vec_clear(&mirrors->step);
	mel_arena_clear(&mirrors->arena);
	free(mirrors->path);
	*mirrors = (struct mel_mirrors){ .path = NULL };
}
