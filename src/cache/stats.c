/* Records of builds: see stats.h. */
#include "cache/stats.h"

#include "cache/lines.h"
#include "cache/tally.h"
#include "codec/json.h"

enum { KEPT_RECORDS = 10000 };

static void add_count(struct mel_json *json, const char *key, uint64_t value)
{
	if (!value)
		return;
	mel_json_key(json, key);
	mel_json_int(json, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

int mel_cache_stats_add(const struct mel_cache_state *state,
			const struct mel_cache_build *build, struct mel_err **err)
{
	struct mel_buf line MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_json json = MEL_JSON_INIT(&line);

	json.is_compact = true;
	mel_json_begin(&json, '{');
	mel_json_key(&json, "begin");
	mel_json_int(&json, build->begin);
	mel_json_pair(&json, "package", build->package);
	mel_json_pair(&json, "mode", build->mode);
	mel_json_pair(&json, "result", build->result);
	add_count(&json, "fetch-hits", build->fetch_hits);
	add_count(&json, "fetch-misses", build->fetch_misses);
	add_count(&json, "downloaded-bytes", build->downloaded_bytes);
	add_count(&json, "download-ns", build->download_ns);
	add_count(&json, "elapsed-ns", build->elapsed_ns);
	if (build->tally) {
		mel_json_key(&json, "cache");
		mel_cache_tally_write_json(build->tally, &json);
	}
	mel_json_end(&json, '}');
	mel_buf_add_char(&line, '\n');
	return mel_cache_lines_append(state, MEL_CACHE_BUILDS, line.ptr, line.len, err);
}

/* The last KEPT_RECORDS lines. */
static int keep_newest(void *user, struct mel_slice old, struct mel_buf *out,
		       struct mel_err **err)
{
	size_t at = old.len, lines = 0;

	(void)user;
	(void)err;
	for (; at > 0; at--)
		if (old.ptr[at - 1] == '\n' && lines++ == KEPT_RECORDS)
			break;
	mel_buf_add(out, old.ptr + at, old.len - at);
	return 0;
}

int mel_cache_stats_trim(const struct mel_cache_state *state, struct mel_err **err)
{
	return mel_cache_lines_rewrite(state, MEL_CACHE_BUILDS, MEL_CACHE_BUILDS_MAX_BYTES,
				       keep_newest, NULL, err);
}
