/* Any text as a condition: evaluated, bound and recorded without harm, and binding first gives
 * what evaluating at once gives. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/cond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL, *late = NULL, *ignored = NULL;
	struct mel_cond_result at_once = { 0 }, bound = { 0 };
	const char *text, *recorded;
	int status;

	if (size > 4096 || memchr(data, 0, size))
		return 0;
	text = mel_arena_strndup(&arena, (const char *)data, size);
	mel_scope_set(&scope, "v", "it's \"a\" \\n");
	mel_scope_set(&scope, "package.name", "hello");
	status = mel_cond_eval(&at_once, &arena, text, &scope, NULL, &err);
	mel_cond_record(&recorded, &arena, text, NULL, &scope, NULL, &ignored);
	if (status == 0 && (mel_cond_eval(&bound, &arena, mel_cond_bind(&arena, text, &scope),
					  NULL, NULL, &late) < 0 ||
			    bound.value != at_once.value))
		abort();
	return 0;
}
