/* Output of steps as records. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "builder/lines.h"
#include "tests/unit/table.h"

enum { PARTS_MAX = 5 };

/* Bytes as they arrive: the stream is in front, "1:" or "2:". */
static const struct {
	const char *name, *part[PARTS_MAX];
	const char *want; /* records: I or W, text, '|' */
	const char *tail; /* kept for the failure message */
} cases[] = {
	{ "nothing", { NULL }, "", "" },
	{ "one line", { "1:a\n" }, "I a|", "a," },
	{ "two lines at once", { "1:a\nb\n" }, "I a|I b|", "a,b," },
	{ "a line in pieces", { "1:a", "1:b", "1:c\n" }, "I abc|", "abc," },
	{ "no end", { "1:a\nb" }, "I a|I b|", "a,b," },
	{ "empty lines", { "1:\n\n" }, "I |I |", ",," },
	{ "stderr warns", { "2:a\n" }, "W a|", "a," },
	{ "streams do not mix", { "1:a", "2:b\n", "1:c\n" }, "W b|I ac|", "b," },
	{ "stderr wins the tail",
	  { "1:a\n", "2:b\n", "1:c\n", "2:d\n" },
	  "I a|W b|I c|W d|",
	  "b,d," },
	{ "both without end", { "2:b", "1:a" }, "I a|W b|", "b," },
	{ "carriage return", { "1:a\r\n" }, "I a\r|", "a\r," },
	{ "twenty lines are kept",
	  { "1:"
	    "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n" },
	  NULL,
	  "3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22," },
};

TABLE_PARAMETERS(lines, cut, cases)

static void collect(void *user, const struct mel_log_record *record)
{
	char *out = user;

	cr_assert(record->is_output);
	cr_assert_eq(record->attr_len, 2);
	cr_assert_str_eq(record->attr[0].value, "pack");
	cr_assert_str_eq(record->attr[1].value, "label");
	sprintf(out + strlen(out), "%s %s|", record->level == MEL_LOG_INFO ? "I" : "W",
		record->text);
}

ParameterizedTest(const size_t *i, lines, cut, .timeout = 5)
{
	static const struct mel_progress progress = { 0 };
	struct mel_report report = { 0 };
	struct mel_lines lines = {
		.package = "pack", .label = "label", .progress = &progress, .report = &report
	};
	char got[4096] = "", tail[4096] = "";

	mel_log_set_sink(collect, got);
	mel_lines_init(&lines);
	for (size_t p = 0; p < PARTS_MAX && cases[*i].part[p]; p++) {
		const char *part = cases[*i].part[p];

		mel_lines_add(&lines, part[0] - '0', part + 2, strlen(part + 2));
	}
	mel_lines_end(&lines);
	mel_log_set_sink(NULL, NULL);
	if (cases[*i].want)
		cr_assert_str_eq(got, cases[*i].want, "%s: %s", cases[*i].name, got);
	for (unsigned line = 0; line < report.tail_len; line++)
		sprintf(tail + strlen(tail), "%s,", report.tail[line]);
	cr_assert_str_eq(tail, cases[*i].tail);
	mel_report_clear(&report);
}

struct seen {
	size_t records, longest, bytes;
};

static void measure(void *user, const struct mel_log_record *record)
{
	struct seen *seen = user;
	size_t len = strlen(record->text);

	seen->records++;
	seen->bytes += len;
	seen->longest = len > seen->longest ? len : seen->longest;
}

/* A line without an end is cut at a fixed size, and nothing of it is lost. */
Test(lines, no_line_feed, .timeout = 10)
{
	static const struct mel_progress progress = { 0 };
	struct mel_report report = { 0 };
	struct mel_lines lines = { .package = "pack",
				   .progress = &progress,
				   .report = &report };
	static char block[10000];
	struct seen seen = { 0 };

	memset(block, 'x', sizeof(block));
	mel_log_set_sink(measure, &seen);
	mel_lines_init(&lines);
	for (size_t i = 0; i < 30; i++)
		mel_lines_add(&lines, 1, block, sizeof(block));
	mel_lines_end(&lines);
	mel_log_set_sink(NULL, NULL);
	cr_assert_eq(seen.bytes, 30 * sizeof(block));
	cr_assert_eq(seen.longest, MEL_LINE_MAX_BYTES);
	cr_assert_eq(seen.records,
		     (30 * sizeof(block) + MEL_LINE_MAX_BYTES - 1) / MEL_LINE_MAX_BYTES);
	mel_report_clear(&report);
}
