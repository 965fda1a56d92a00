/* The end of a build, for people: see summary.h. */
#include "cmd/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"

enum { TEXT_MAX = 1 << 20 };

void mel_shell_quote(struct mel_buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./_-";

	if (text[0] && !text[strspn(text, plain)]) {
		mel_buf_add_text(out, text);
		return;
	}
	mel_buf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			mel_buf_add_text(out, "'\\''");
		else
			mel_buf_add_char(out, *text);
	}
	mel_buf_add_char(out, '\'');
}

/* Whole milliseconds are enough for people. */
static void write_time(struct mel_buf *out, uint64_t ns)
{
	char text[MEL_DATE_BYTES];
	uint64_t unit = ns < 1000000000 ? 1000000 : 10000000;

	mel_duration_format((int64_t)(ns / unit * unit), text);
	mel_buf_add_text(out, text);
}

static void log_package(const struct mel_report_package *package)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	mel_buf_printf(&text, "  %s  ", package->file);
	mel_size_write(&text, package->size_bytes);
	mel_buf_add_text(&text, ", installed ");
	mel_size_write(&text, package->installed_bytes);
	if (package->is_empty)
		mel_buf_add_text(&text, ", no files");
	mel_log(MEL_LOG_INFO, "%s", mel_buf_text(&text));
}

static void log_step(const struct mel_report_step *step)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	mel_buf_add_text(&text, "  ");
	write_time(&text, step->elapsed_ns);
	mel_buf_printf(&text, "  %s", step->package);
	if (step->label && step->label[0])
		mel_buf_printf(&text, ": %s", step->label);
	mel_buf_add_text(&text, " (cpu ");
	write_time(&text, step->cpu_ns);
	if (step->max_rss_bytes) {
		mel_buf_add_text(&text, ", at most ");
		mel_size_write(&text, step->max_rss_bytes);
	}
	mel_buf_add_text(&text, ")");
	mel_log(MEL_LOG_INFO, "%s", mel_buf_text(&text));
}

static void log_downloads(const struct mel_report *report)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	mel_size_write(&text, report->downloaded_bytes);
	mel_buf_add_text(&text, " of sources in ");
	write_time(&text, report->download_ns);
	mel_log(MEL_LOG_INFO, "downloaded: %s", mel_buf_text(&text));
}

static void log_cache(const struct mel_report *report)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);
	uint64_t fetched = report->fetch_hits + report->fetch_misses;

	if (!report->cache_dir) {
		mel_log(MEL_LOG_INFO, "cache: %s",
			report->cache_note ? report->cache_note : "off");
		return;
	}
	if (report->cache_change)
		mel_log(MEL_LOG_INFO, "merged into the cache: %s", report->cache_change);
	mel_buf_printf(&text, "%s (%s)", report->cache_dir,
		       report->cache_mode ? report->cache_mode : "rw");
	if (fetched)
		mel_buf_printf(&text, ", %llu of %llu fetched files came from it",
			       (unsigned long long)report->fetch_hits,
			       (unsigned long long)fetched);
	if (report->cache_note)
		mel_buf_printf(&text, "; %s", report->cache_note);
	mel_log(MEL_LOG_INFO, "cache: %s", mel_buf_text(&text));
}

void mel_summary_write(const struct mel_report *report)
{
	struct mel_buf time MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	if (report->package.len == 0)
		return; /* nothing was asked for: its own record has said so */
	write_time(&time, report->elapsed_ns);
	mel_log(MEL_LOG_INFO, "built %zu package%s in %s:", report->package.len,
		report->package.len == 1 ? "" : "s", mel_buf_text(&time));
	for (size_t i = 0; i < report->package.len; i++)
		log_package(&report->package.at[i]);
	if (report->step.len > 0)
		mel_log(MEL_LOG_INFO, "time of %zu step%s:", report->step.len,
			report->step.len == 1 ? "" : "s");
	for (size_t i = 0; i < report->step.len; i++)
		log_step(&report->step.at[i]);
	mel_log(MEL_LOG_INFO, "environment: root %s, network %s, isolation tier %d",
		report->root ? report->root : "unknown",
		report->network ? report->network : "unknown", report->tier);
	if (report->downloaded_bytes > 0)
		log_downloads(report);
	log_cache(report);
	mel_log(MEL_LOG_INFO, "linters: none ran");
}

static void log_failed_step(const struct mel_report *report)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	mel_buf_add_text(&text, "step");
	if (report->failed_label[0])
		mel_buf_printf(&text, " \"%s\"", report->failed_label);
	mel_buf_printf(&text, " of package %s failed: %s after ",
		       report->failed_package ? report->failed_package : "?",
		       report->failed_how ? report->failed_how : "unknown");
	write_time(&text, report->failed_elapsed_ns);
	if (report->tail_len > 0)
		mel_buf_printf(&text, "; the last %s it wrote:",
			       report->tail_len == 1 ? "line" : "lines");
	for (unsigned i = 0; i < report->tail_len; i++)
		mel_buf_printf(&text, "\n    %s", report->tail[i]);
	mel_log(MEL_LOG_ERROR, "%s", mel_buf_text(&text));
}

/* The two variables that change what a build makes belong to the command. */
static void add_variable(struct mel_buf *out, const char *name)
{
	const char *value = getenv(name);

	if (!value)
		return;
	mel_buf_printf(out, "%s=", name);
	mel_shell_quote(out, value);
	mel_buf_add_char(out, ' ');
}

void mel_summary_write_failure(const struct mel_report *report, int argc, char *const *argv)
{
	struct mel_buf command MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	if (report->failed_label)
		log_failed_step(report);
	add_variable(&command, "SOURCE_DATE_EPOCH");
	add_variable(&command, "MELANGE_CACHE_MODE");
	for (int i = 0; i < argc; i++) {
		if (i > 0)
			mel_buf_add_char(&command, ' ');
		mel_shell_quote(&command, argv[i]);
	}
	mel_log(MEL_LOG_INFO, "to run it again: %s", mel_buf_text(&command));
}
