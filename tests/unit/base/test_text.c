/* Slices, buffers, maps and numbers. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/slice.h"

static const struct {
	const char *text;
	bool ok;
	int64_t want;
} number_case[] = {
	{ "0", true, 0 },
	{ "42", true, 42 },
	{ "+7", true, 7 },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "9223372036854775807", true, INT64_MAX },
	{ "9223372036854775808", false, 0 },
	{ "-9223372036854775809", false, 0 },
	{ "", false, 0 },
	{ "-", false, 0 },
	{ " 1", false, 0 },
	{ "1x", false, 0 },
	{ "99999999999999999999999", false, 0 },
};

ParameterizedTestParameters(slice, number)
{
	static size_t index[MEL_COUNTOF(number_case)];

	for (size_t i = 0; i < MEL_COUNTOF(number_case); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(number_case));
}

ParameterizedTest(const size_t *i, slice, number, .timeout = 10)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	int64_t got = 0;
	int result = mel_slice_i64(mel_slice_of(number_case[*i].text), &got, &err);

	cr_assert_eq(result == 0, number_case[*i].ok, "'%s'", number_case[*i].text);
	cr_assert_eq(got, number_case[*i].want, "'%s'", number_case[*i].text);
	cr_assert_eq(err == NULL, number_case[*i].ok);
}

Test(slice, next_gives_empty_pieces, .timeout = 10)
{
	struct mel_slice rest = mel_slice_of("a,,b"), piece;
	const char *const want[] = { "a", "", "b" };

	for (size_t i = 0; i < MEL_COUNTOF(want); i++) {
		cr_assert(mel_slice_next(&rest, ',', &piece));
		cr_assert(mel_slice_eq_text(piece, want[i]));
	}
	cr_assert_not(mel_slice_next(&rest, ',', &piece));
}

Test(slice, words_skip_separators, .timeout = 10)
{
	struct mel_slice rest = mel_slice_of("  one \t two"), word;

	cr_assert(mel_slice_word(&rest, " \t", &word) && mel_slice_eq_text(word, "one"));
	cr_assert(mel_slice_word(&rest, " \t", &word) && mel_slice_eq_text(word, "two"));
	cr_assert_not(mel_slice_word(&rest, " \t", &word));
}

Test(text, distance, .timeout = 10)
{
	cr_assert_eq(mel_text_distance("version", "version", 3), 0u);
	cr_assert_eq(mel_text_distance("vesion", "version", 3), 1u);
	cr_assert_eq(mel_text_distance("abc", "xyz", 2), 3u);
}

Test(buf, remembers_going_over, .timeout = 10)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(4);
	MEL_AUTO_ERR struct mel_err *err = NULL;

	mel_buf_add_text(&buf, "abc");
	cr_assert_eq(mel_buf_check(&buf, "text", &err), 0);
	mel_buf_add_text(&buf, "de");
	cr_assert_str_eq(mel_buf_text(&buf), "abc");
	cr_assert_eq(mel_buf_check(&buf, "text", &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_LIMIT);
}

Test(map, keeps_insertion_order_and_sorts, .timeout = 10)
{
	struct mel_map map MEL_AUTO_MAP = { 0 };
	static char names[100][8];
	int value = 1;

	for (size_t i = 0; i < MEL_COUNTOF(names); i++) {
		snprintf(names[i], sizeof(names[i]), "k%zu", (i * 37) % 100);
		mel_map_set(&map, names[i], &value);
	}
	cr_assert_eq(map.len, 100u);
	cr_assert_str_eq(map.entry[1].key, "k37");
	cr_assert(mel_map_remove(&map, "k37"));
	cr_assert_not(mel_map_has(&map, "k37"));
	cr_assert_not(mel_map_remove(&map, "k37"));
	mel_map_sort(&map);
	cr_assert_str_eq(map.entry[0].key, "k0");
	cr_assert_str_eq(map.entry[1].key, "k1");
	cr_assert_str_eq(map.entry[2].key, "k10");
	cr_assert(mel_map_has(&map, "k99"));
}
