/* What a commit did: see tally.h. */
#include "cache/tally.h"

#include "cache/kind.h"
#include "codec/json.h"

/* The counts in the order in which they are told; bytes has its own way of being told. */
static const struct {
	const char *key, *text;
	size_t offset;
	size_t bytes_offset; /* of the bytes that are told with it, 0: none */
} fields[] = {
#define FIELD(name) offsetof(struct mel_cache_area_count, name)
	{ "added", "added", FIELD(added), FIELD(added_bytes) },
	{ "added-bytes", NULL, FIELD(added_bytes), 0 },
	{ "replaced", "replaced", FIELD(replaced), FIELD(replaced_bytes) },
	{ "replaced-bytes", NULL, FIELD(replaced_bytes), 0 },
	{ "deleted", "deleted", FIELD(deleted), 0 },
	{ "unchanged", "unchanged", FIELD(unchanged), 0 },
	{ "skipped", "skipped", FIELD(skipped), 0 },
	{ "conflicts", "kept as they were", FIELD(conflicts), 0 },
	{ "refused", "refused", FIELD(refused), 0 },
#undef FIELD
};

static uint64_t *at(struct mel_cache_area_count *count, size_t offset)
{
	return (uint64_t *)(void *)((char *)count + offset);
}

static uint64_t *field(struct mel_cache_area_count *count, size_t i)
{
	return at(count, fields[i].offset);
}

struct mel_cache_area_count *mel_cache_tally_at(struct mel_cache_tally *tally, const char *path)
{
	const char *area = mel_cache_area_of(path)->name;

	for (size_t i = 0; i < tally->area.len; i++)
		if (tally->area.at[i].area == area)
			return &tally->area.at[i];
	mel_vec_push(&tally->area, (struct mel_cache_area_count){ .area = area });
	return &tally->area.at[tally->area.len - 1];
}

struct mel_cache_area_count mel_cache_tally_total(const struct mel_cache_tally *tally)
{
	struct mel_cache_area_count total = { 0 };

	for (size_t a = 0; a < tally->area.len; a++)
		for (size_t i = 0; i < MEL_COUNTOF(fields); i++)
			*field(&total, i) += *field(&tally->area.at[a], i);
	return total;
}

static void add_bytes(struct mel_buf *out, uint64_t bytes)
{
	static const char unit[][3] = { "kB", "MB", "GB", "TB" };
	double value = (double)bytes / 1000;
	size_t i = 0;

	for (; value >= 1000 && i + 1 < MEL_COUNTOF(unit); i++)
		value /= 1000;
	if (bytes < 1000)
		mel_buf_printf(out, " (%llu B)", (unsigned long long)bytes);
	else
		mel_buf_printf(out, " (%.1f %s)", value, unit[i]);
}

void mel_cache_tally_text(const struct mel_cache_tally *tally, struct mel_buf *out)
{
	struct mel_cache_area_count total = mel_cache_tally_total(tally);
	size_t len = out->len;
	bool is_first = true;

	for (size_t i = 0; i < MEL_COUNTOF(fields); i++) {
		uint64_t value = *field(&total, i);

		if (!value || !fields[i].text)
			continue;
		mel_buf_printf(out, "%s%llu", out->len > len ? ", " : "",
			       (unsigned long long)value);
		if (is_first)
			mel_buf_add_text(out, value == 1 ? " file" : " files");
		is_first = false;
		if (fields[i].bytes_offset)
			add_bytes(out, *at(&total, fields[i].bytes_offset));
		mel_buf_printf(out, " %s", fields[i].text);
	}
	if (out->len == len)
		mel_buf_add_text(out, "nothing changed");
}

static void write_counts(struct mel_json *json, struct mel_cache_area_count *count)
{
	for (size_t i = 0; i < MEL_COUNTOF(fields); i++) {
		uint64_t value = *field(count, i);

		if (!value)
			continue;
		mel_json_key(json, fields[i].key);
		mel_json_int(json, value > INT64_MAX ? INT64_MAX : (int64_t)value);
	}
}

void mel_cache_tally_write_json(const struct mel_cache_tally *tally, struct mel_json *json)
{
	struct mel_cache_area_count total = mel_cache_tally_total(tally);

	mel_json_begin(json, '{');
	write_counts(json, &total);
	mel_json_key(json, "areas");
	mel_json_begin(json, '{');
	for (size_t i = 0; i < tally->area.len; i++) {
		mel_json_key(json, tally->area.at[i].area);
		mel_json_begin(json, '{');
		write_counts(json, &tally->area.at[i]);
		mel_json_end(json, '}');
	}
	mel_json_end(json, '}');
	mel_json_end(json, '}');
}

void mel_cache_tally_clear(struct mel_cache_tally *tally)
{
	mel_vec_clear(&tally->area);
}
