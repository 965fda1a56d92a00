/* Any text with references, any pattern and any env file, read without harm. The text is cut at
 * its first two line feeds: pattern, replacement, rest. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/envfile.h"
#include "config/transform.h"
#include "config/vars.h"

static void transform(struct mel_arena *arena, struct mel_slice rest)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_slice pattern, replace;
	const char *out;

	if (mel_slice_next(&rest, '\n', &pattern) && mel_slice_next(&rest, '\n', &replace) &&
	    pattern.len < 200 && rest.len < 200)
		mel_transform(&out, arena, mel_arena_slice(arena, pattern),
			      rest.ptr ? mel_arena_slice(arena, rest) : "",
			      mel_arena_slice(arena, replace), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	MEL_AUTO_MAP struct mel_map env = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL, *ignored = NULL;
	const char *text, *strict, *lenient;

	if (size > 4096 || memchr(data, 0, size))
		return 0;
	text = mel_arena_strndup(&arena, (const char *)data, size);
	mel_scope_set(&scope, "v", "value");
	mel_scope_set(&scope, "package.name", "hello");
	lenient = mel_vars_replace(&arena, text, &scope);
	/* What the strict way accepts both ways read alike. */
	if (mel_vars_expand(&strict, &arena, text, &scope, NULL, &err) == 0 &&
	    strcmp(strict, lenient) != 0)
		abort();
	transform(&arena, mel_slice_of(text));
	mel_envfile_parse(&env, &arena, "env", mel_slice_of(text), &ignored);
	return 0;
}
