/*
 * What a build did, for the summary at its end. Filled by the builder, rendered by the command.
 * Texts live in the report's arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/vec.h"

struct mel_report_package {
	const char *name, *file; /* file: path of the package */
	uint64_t size_bytes, installed_bytes;
	bool is_empty; /* no files beside the SBOM */
};

struct mel_report_step {
	const char *package, *label; /* label "" when the step has none */
	uint64_t elapsed_ns, cpu_ns;
	uint64_t max_rss_bytes;
};

enum { MEL_REPORT_TAIL = 20 };

struct mel_report {
	struct mel_arena arena;
	MEL_VEC(struct mel_report_package) package;
	MEL_VEC(struct mel_report_step) step;
	const char *root;                  /* "host", "dir:/x" */
	const char *network;               /* "none", "host" */
	const char *cache_dir;             /* NULL: no cache; else absolute path */
	const char *cache_mode;            /* mel_cache_mode_name */
	const char *cache_change;          /* what was merged into it, or NULL */
	const char *cache_note;            /* "no cache found at …", or NULL */
	uint64_t fetch_hits, fetch_misses; /* fetched files that the cache had, and not */
	uint64_t downloaded_bytes, download_ns;
	int tier;
	uint64_t elapsed_ns;

	/* a failed step; failed_label is NULL when none failed */
	const char *failed_label, *failed_package;
	const char *failed_how; /* "exit status 1", "killed by SIGKILL" */
	uint64_t failed_elapsed_ns;
	/* Owned; the last lines of its stderr (else stdout), oldest first. */
	char *tail[MEL_REPORT_TAIL];
	unsigned tail_len;
	const char *kept; /* workspace kept (--rm=false), or NULL */
};

/* Forget the last lines of the step before. */
void mel_report_drop_tail(struct mel_report *report);
/* Free what the report holds; a zeroed report is fine. */
void mel_report_clear(struct mel_report *report);
