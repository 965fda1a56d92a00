/* Sources in a build file: see sbom_source.h. */
#include "analyse/sbom_source.h"

#include <string.h>

#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"
#include "config/cond.h"

/* Conditions of a compiled file hold no references any more. */
static int does_run(struct mel_sbom_sources *out, const struct mel_pipeline *step, bool *runs,
		    struct mel_err **err)
{
	struct mel_cond_result result = { .value = true };

	if (step->if_ && step->if_[0] &&
	    mel_cond_eval(&result, &out->arena, step->if_, &(struct mel_scope){ 0 },
			  &step->if_pos, err) < 0)
		return -1;
	*runs = result.value;
	return 0;
}

static const char *with(const struct mel_pipeline *step, const char *key)
{
	return mel_text_map_get(&step->with, key);
}

/* True if the step is one that brings sources. */
static bool add_step(struct mel_sbom_sources *out, const struct mel_pipeline *step,
		     const char *number)
{
	struct mel_sbom_source source = { .number = number };

	if (!step->uses)
		return false;
	if (mel_text_eq(step->uses, "fetch")) {
		source.uri = with(step, "uri");
		source.sha256 = with(step, "expected-sha256");
		source.sha512 = with(step, "expected-sha512");
		source.purl_name = with(step, "purl-name");
		source.purl_version = with(step, "purl-version");
	} else if (mel_text_eq(step->uses, "git-checkout")) {
		source.repository = with(step, "repository");
		source.branch = with(step, "branch");
		source.tag = with(step, "tag");
		source.commit = with(step, "expected-commit");
		if (!source.repository)
			source.repository = "";
	} else {
		return false;
	}
	mel_vec_push(out, source);
	return true;
}

/* A list of steps being looked at; below the first one that of the step before it. */
struct level {
	const struct mel_pipeline *step;
	size_t len, at;
	const char *prefix;
};

int mel_sbom_sources_add(struct mel_sbom_sources *out, const struct mel_pipeline *step,
			 size_t step_len, const char *owner, struct mel_err **err)
{
	MEL_VEC(struct level) stack = { 0 };
	int result = 0;

	mel_vec_push(&stack, (struct level){ step, step_len, 0, owner });
	while (stack.len && result == 0) {
		struct level *level = &stack.at[stack.len - 1];
		bool runs;

		if (level->at == level->len) {
			stack.len--;
			continue;
		}

		const struct mel_pipeline *next = &level->step[level->at];
		const char *number = mel_arena_printf(&out->arena, "%s%s%zu",
						      level->prefix ? level->prefix : "",
						      level->prefix ? "-" : "", level->at);

		level->at++;
		result = does_run(out, next, &runs, err);
		if (result == 0 && runs && !add_step(out, next, number))
			mel_vec_push(&stack, (struct level){ next->pipeline, next->pipeline_len,
							     0, number });
	}
	mel_vec_clear(&stack);
	return result;
}

void mel_sbom_sources_clear(struct mel_sbom_sources *sources)
{
	mel_vec_clear(sources);
	mel_arena_clear(&sources->arena);
}
