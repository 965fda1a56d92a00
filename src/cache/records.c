/* Records of builds, read and added up: see records.h. */
#include "cache/records.h"

#include <stdlib.h>
#include <string.h>

#include "cache/lines.h"
#include "cache/stats.h"
#include "codec/yaml.h"

enum { LINE_MAX_BYTES = 64 * 1024, NUMBER_MAX = 1 << 30 };

/* A field of a struct by the key that holds it. */
struct field {
	const char *key;
	size_t offset;
};

#define RECORD(key, member)                                                                    \
	{                                                                                      \
		key, offsetof(struct mel_cache_record, member)                                 \
	}
#define COUNT(key, member)                                                                     \
	{                                                                                      \
		key, offsetof(struct mel_cache_count, member)                                  \
	}

static const struct field record_fields[] = {
	RECORD("fetch-hits", fetch_hits),
	RECORD("fetch-misses", fetch_misses),
	RECORD("downloaded-bytes", downloaded_bytes),
	RECORD("download-ns", download_ns),
	RECORD("elapsed-ns", elapsed_ns),
};

static const struct field count_fields[] = {
	COUNT("added", added),         COUNT("added-bytes", added_bytes),
	COUNT("replaced", replaced),   COUNT("replaced-bytes", replaced_bytes),
	COUNT("unchanged", unchanged), COUNT("refused", refused),
	COUNT("skipped", skipped),     COUNT("conflicts", conflicts),
	COUNT("deleted", deleted),
};

/* A number, 0 when there is none. */
static uint64_t number(const struct mel_node *node, const char *key)
{
	struct mel_err *ignored MEL_AUTO_ERR = NULL;
	const struct mel_node *value = mel_node_get(node, key);
	uint64_t out = 0;

	if (value && value->kind == MEL_NODE_SCALAR)
		mel_slice_u64(mel_slice_make(value->text, value->text_len), &out, &ignored);
	return out;
}

static const char *text(struct mel_cache_stats *stats, const struct mel_node *node,
			const char *key)
{
	const struct mel_node *value = mel_node_get(node, key);

	return value && value->kind == MEL_NODE_SCALAR
		       ? mel_arena_strdup(&stats->arena, value->text)
		       : "";
}

static void read_fields(void *out, const struct field *field, size_t len,
			const struct mel_node *node)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t value = number(node, field[i].key);

		memcpy((char *)out + field[i].offset, &value, sizeof(value));
	}
}

/* Sums of what hostile lines say may not matter, but must not be undefined. */
static void add_fields(struct mel_cache_count *sum, const struct mel_cache_count *count)
{
	for (size_t i = 0; i < MEL_COUNTOF(count_fields); i++) {
		uint64_t a, b;

		memcpy(&a, (const char *)sum + count_fields[i].offset, sizeof(a));
		memcpy(&b, (const char *)count + count_fields[i].offset, sizeof(b));
		a += b;
		memcpy((char *)sum + count_fields[i].offset, &a, sizeof(a));
	}
}

static struct mel_cache_count *area_of(struct mel_cache_stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->area.len; i++)
		if (mel_text_eq(stats->area.at[i].area, name))
			return &stats->area.at[i];
	mel_vec_push(&stats->area,
		     (struct mel_cache_count){ .area = mel_arena_strdup(&stats->arena, name) });
	return &stats->area.at[stats->area.len - 1];
}

static void read_cache(struct mel_cache_stats *stats, struct mel_cache_record *record,
		       const struct mel_node *node)
{
	const struct mel_node *areas = mel_node_get(node, "areas");

	read_fields(&record->total, count_fields, MEL_COUNTOF(count_fields), node);
	for (size_t i = 0; areas && areas->kind == MEL_NODE_MAP && i < areas->len; i++) {
		struct mel_cache_count count = { .area = NULL };

		read_fields(&count, count_fields, MEL_COUNTOF(count_fields), areas->item[i]);
		add_fields(area_of(stats, areas->key[i]->text), &count);
	}
}

static void add_record(struct mel_cache_stats *stats, const struct mel_node *node,
		       struct mel_slice line)
{
	struct mel_cache_record record = {
		.line = mel_arena_slice(&stats->arena, line),
		.package = text(stats, node, "package"),
		.mode = text(stats, node, "mode"),
		.result = text(stats, node, "result"),
		.begin = (int64_t)(number(node, "begin") % ((uint64_t)NUMBER_MAX * 64)),
	};

	read_fields(&record, record_fields, MEL_COUNTOF(record_fields), node);
	read_cache(stats, &record, mel_node_get(node, "cache"));
	stats->failed += mel_text_eq(record.result, "ok") ? 0 : 1;
	stats->fetch_hits += record.fetch_hits;
	stats->fetch_misses += record.fetch_misses;
	stats->downloaded_bytes += record.downloaded_bytes;
	stats->download_ns += record.download_ns;
	mel_vec_push(&stats->record, record);
}

static int compare_areas(const void *a, const void *b)
{
	return strcmp(((const struct mel_cache_count *)a)->area,
		      ((const struct mel_cache_count *)b)->area);
}

/* A record is JSON, which is YAML, too. */
void mel_cache_stats_parse(struct mel_cache_stats *stats, struct mel_slice text)
{
	struct mel_slice line;

	while (mel_slice_next(&text, '\n', &line)) {
		struct mel_arena arena MEL_AUTO_ARENA = { 0 };
		struct mel_err *ignored MEL_AUTO_ERR = NULL;
		struct mel_node *node = NULL;

		if (line.len > LINE_MAX_BYTES || !mel_slice_starts(line, "{") ||
		    memchr(line.ptr, '\0', line.len) ||
		    mel_yaml_parse(&node, &arena, "record", line, &ignored) < 0 || !node ||
		    node->kind != MEL_NODE_MAP || !mel_node_get(node, "begin"))
			continue;
		add_record(stats, node, line);
	}
	if (stats->area.len)
		qsort(stats->area.at, stats->area.len, sizeof(*stats->area.at), compare_areas);
}

int mel_cache_stats_load(struct mel_cache_stats *stats, const struct mel_cache_state *state,
			 struct mel_err **err)
{
	struct mel_buf all MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_cache_lines_read(state, MEL_CACHE_BUILDS, MEL_CACHE_BUILDS_MAX_BYTES, &all,
				 err) < 0)
		return -1;
	mel_cache_stats_parse(stats, mel_buf_slice(&all));
	return 0;
}

void mel_cache_stats_clear(struct mel_cache_stats *stats)
{
	mel_vec_clear(&stats->record);
	mel_vec_clear(&stats->area);
	mel_arena_clear(&stats->arena);
}
