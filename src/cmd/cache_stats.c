/* "melange cache stats": what builds did with the cache. */
#include <string.h>

#include "base/date.h"
#include "base/slice.h"
#include "base/units.h"
#include "cache/records.h"
#include "cmd/cache.h"
#include "cmd/help.h"

struct stats_flags {
	const char *cache_dir;
	uint64_t last;
	bool json;
};

#define STATS(field) .offset = offsetof(struct stats_flags, field)

static const struct mel_opt stats_opt[] = {
	MEL_CACHE_DIR_ROW(struct stats_flags, cache_dir),
	{ .name = "last",
	  .type = MEL_OPT_UINT,
	  STATS(last),
	  .word = "N",
	  .preset = "20",
	  .help = "list so many builds, the newest ones; totals are about all" },
	{ .name = "json",
	  .type = MEL_OPT_BOOL,
	  STATS(json),
	  .help = "the records of the builds, one JSON object per line" },
};

/* "12", or "-" for nothing, right-aligned. */
static void add_number(struct mel_buf *out, uint64_t value, int width)
{
	if (value)
		mel_buf_printf(out, "%*llu", width, (unsigned long long)value);
	else
		mel_buf_printf(out, "%*s", width, "-");
}

static void add_size(struct mel_buf *out, uint64_t bytes, int width)
{
	if (bytes)
		mel_cache_write_size(out, bytes, width);
	else
		mel_buf_printf(out, "%*s", width, "-");
}

static void write_build(struct mel_buf *out, const struct mel_cache_record *record)
{
	char date[MEL_DATE_BYTES];

	mel_date_format(record->begin, date);
	date[16] = '\0'; /* to the minute */
	mel_buf_printf(out, "%s  %-7.7s %-6.6s", date, record->mode, record->result);
	add_number(out, record->fetch_hits, 6);
	add_number(out, record->fetch_misses, 8);
	add_size(out, record->downloaded_bytes, 12);
	add_number(out, record->total.added, 8);
	add_size(out, record->total.added_bytes, 12);
	add_number(out, record->total.replaced, 10);
	add_number(out, record->total.refused, 9);
	mel_buf_add_text(out, "  ");
	mel_cache_write_name(out, record->package);
	mel_buf_add_char(out, '\n');
}

static void write_area(struct mel_buf *out, const struct mel_cache_count *count)
{
	mel_buf_printf(out, "%-16.16s", count->area);
	add_number(out, count->added, 10);
	add_size(out, count->added_bytes, 12);
	add_number(out, count->replaced, 10);
	add_size(out, count->replaced_bytes, 12);
	add_number(out, count->unchanged, 11);
	add_number(out, count->refused, 9);
	add_number(out, count->conflicts, 11);
	mel_buf_add_char(out, '\n');
}

static void write_totals(struct mel_buf *out, const struct mel_cache_stats *stats)
{
	uint64_t asked = stats->fetch_hits + stats->fetch_misses;

	mel_buf_printf(out, "\n%zu build(s), %llu failed", stats->record.len,
		       (unsigned long long)stats->failed);
	if (asked)
		mel_buf_printf(out,
			       "; %llu of %llu fetched files came from the cache (%llu %%)",
			       (unsigned long long)stats->fetch_hits, (unsigned long long)asked,
			       (unsigned long long)(100 * stats->fetch_hits / asked));
	mel_buf_add_text(out, "; ");
	mel_size_write(out, stats->downloaded_bytes);
	mel_buf_add_text(out, " downloaded");
	if (stats->download_ns) {
		char time[MEL_DATE_BYTES];

		mel_duration_format((int64_t)(stats->download_ns / 1000000 * 1000000), time);
		mel_buf_printf(out, " in %s", time);
	}
	mel_buf_add_char(out, '\n');
}

static void write_text(struct mel_buf *out, const struct mel_cache_stats *stats, uint64_t last)
{
	size_t len = stats->record.len, from = len > last ? len - (size_t)last : 0;

	if (len > from)
		mel_buf_printf(out, "%-18s%-8s%-6s%6s%8s%12s%8s%12s%10s%9s  %s\n", "begin",
			       "mode", "result", "hits", "misses", "downloaded", "added",
			       "bytes", "replaced", "refused", "package");
	for (size_t i = from; i < len; i++)
		write_build(out, &stats->record.at[i]);
	if (stats->area.len)
		mel_buf_printf(out, "\n%-16s%10s%12s%10s%12s%11s%9s%11s\n", "area", "added",
			       "bytes", "replaced", "bytes", "unchanged", "refused",
			       "conflicts");
	for (size_t i = 0; i < stats->area.len; i++)
		write_area(out, &stats->area.at[i]);
	write_totals(out, stats);
}

/* The records as they are, without lines that are none. */
static void write_json(struct mel_buf *out, const struct mel_cache_stats *stats, uint64_t last)
{
	size_t len = stats->record.len;

	for (size_t i = len > last ? len - (size_t)last : 0; i < len; i++) {
		mel_buf_add_text(out, stats->record.at[i].line);
		mel_buf_add_char(out, '\n');
	}
}

static int run_stats(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		     struct mel_err **err)
{
	const struct stats_flags *f = flags;
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_cache_stats stats MEL_AUTO_CACHE_STATS = { .failed = 0 };
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	(void)given;
	if (mel_cache_site_open(&place, ctx, f->cache_dir, MEL_CACHE_TO_READ, err) < 0 ||
	    (place.state.dirfd >= 0 && mel_cache_stats_load(&stats, &place.state, err) < 0))
		return -1;
	(f->json ? write_json : write_text)(&out, &stats, f->last);
	return mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_cache_stats = {
	.name = "stats",
	.full = "cache stats",
	.summary = "Show what builds did with the cache",
	.about = "For each build: fetched files that the cache had and had not, bytes "
		 "downloaded, and what was\nmerged (mode commit); then the totals by area.\n",
	.opt = stats_opt,
	.opt_len = MEL_COUNTOF(stats_opt),
	.flags_size = sizeof(struct stats_flags),
	.run = run_stats,
};
