/* The end of a build as text. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/summary.h"

static const struct {
	const char *text, *want;
} words[] = {
	{ "plain", "plain" },
	{ "--a=b/c.d:e,f@g+h%i_j", "--a=b/c.d:e,f@g+h%i_j" },
	{ "", "''" },
	{ "a b", "'a b'" },
	{ "it's", "'it'\\''s'" },
	{ "$x", "'$x'" },
	{ "~", "'~'" },
	{ "a\nb", "'a\nb'" },
};

ParameterizedTestParameters(summary, quote)
{
	static size_t index[MEL_COUNTOF(words)];

	for (size_t i = 0; i < MEL_COUNTOF(words); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(words));
}

ParameterizedTest(const size_t *i, summary, quote, .timeout = 10)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	mel_shell_quote(&got, words[*i].text);
	cr_assert_str_eq(mel_buf_text(&got), words[*i].want);
}

static void collect(void *user, const struct mel_log_record *record)
{
	mel_buf_printf(user, "%d %s\n", (int)record->level, record->text);
}

Test(summary, of_a_build, .timeout = 10)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_report report = {
		.root = "host",
		.network = "none",
		.cache_dir = "/c",
		.cache_mode = "ro",
		.fetch_hits = 2,
		.fetch_misses = 1,
		.tier = 3,
		.elapsed_ns = 61234567890,
	};

	mel_vec_push(&report.package,
		     (struct mel_report_package){ "hello", "packages/x86_64/hello-1-r0.apk",
						  2048, 4096, false });
	mel_vec_push(&report.package,
		     (struct mel_report_package){ "none", "packages/x86_64/none-1-r0.apk", 512,
						  0, true });
	mel_vec_push(&report.step, (struct mel_report_step){ "hello", "make", 1500000000,
							     900000000, 8 << 20 });
	mel_log_set_sink(collect, &got);
	mel_summary_write(&report);
	mel_log_set_sink(NULL, NULL);
	cr_assert_str_eq(mel_buf_text(&got),
			 "0 built 2 packages in 1m1.23s:\n"
			 "0   packages/x86_64/hello-1-r0.apk  2.0 KiB, installed 4.0 KiB\n"
			 "0   packages/x86_64/none-1-r0.apk  512 B, installed 0 B, no files\n"
			 "0 time of 1 step:\n"
			 "0   1.5s  hello: make (cpu 900ms, at most 8.0 MiB)\n"
			 "0 environment: root host, network none, isolation tier 3\n"
			 "0 cache: /c (ro), 2 of 3 fetched files came from it\n"
			 "0 linters: none ran\n",
			 "%s", mel_buf_text(&got));
	mel_report_clear(&report);
}

Test(summary, of_a_failure, .timeout = 10)
{
	char one[] = "one", two[] = "two";
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const struct mel_report report = {
		.failed_label = "autoconf/make",
		.failed_package = "hello",
		.failed_how = "exit status 2",
		.failed_elapsed_ns = 3210000000,
		.tail = { one, two },
		.tail_len = 2,
	};
	char *const argv[] = { (char[]){ "melange" }, (char[]){ "build" },
			       (char[]){ "my file.yaml" } };

	unsetenv("MELANGE_CACHE_MODE");
	setenv("SOURCE_DATE_EPOCH", "12", 1);
	mel_log_set_sink(collect, &got);
	mel_summary_write_failure(&report, 3, argv);
	mel_log_set_sink(NULL, NULL);
	cr_assert_str_eq(
		mel_buf_text(&got),
		"8 step \"autoconf/make\" of package hello failed: exit status 2 after "
		"3.21s; the last lines it wrote:\n    one\n    two\n"
		"0 to run it again: SOURCE_DATE_EPOCH=12 melange build 'my "
		"file.yaml'\n",
		"%s", mel_buf_text(&got));
}
