/* Records of use: see use.h. */
#include "cache/use.h"

#include "base/mem.h"
#include "cache/lines.h"

#define USE_FILE "use"

enum {
	UNIT_MAX_BYTES = 4096,
	READ_MAX_BYTES = 64 * 1024 * 1024, /* older lines are forgotten */
};

/* Units are paths that builds made up: none may break a line or be read as another. */
static bool is_fit(struct mel_slice unit)
{
	if (unit.len == 0 || unit.len > UNIT_MAX_BYTES)
		return false;
	for (size_t i = 0; i < unit.len; i++)
		if ((unsigned char)unit.ptr[i] < ' ' || unit.ptr[i] == 0x7f)
			return false;
	return true;
}

int mel_cache_use_add_all(const struct mel_cache_state *state, const char *const *unit,
			  size_t len, int64_t now, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	for (size_t i = 0; i < len; i++)
		if (is_fit(mel_slice_of(unit[i])))
			mel_buf_printf(&text, "%lld %s\n", (long long)now, unit[i]);
	if (text.len == 0)
		return 0;
	return mel_cache_lines_append(state, USE_FILE, text.ptr, text.len, err);
}

int mel_cache_use_add(const struct mel_cache_state *state, const char *unit, int64_t now,
		      struct mel_err **err)
{
	return mel_cache_use_add_all(state, &unit, 1, now, err);
}

static void note(struct mel_cache_use *use, struct mel_slice unit, int64_t time)
{
	MEL_AUTO_FREE char *name = mel_strndup(unit.ptr, unit.len);
	int64_t *known = mel_map_get(&use->map, name);

	if (!known) {
		known = mel_arena_alloc(&use->arena, sizeof(*known));
		mel_map_set(&use->map, mel_arena_slice(&use->arena, unit), known);
	}
	if (time > *known)
		*known = time;
}

void mel_cache_use_parse(struct mel_cache_use *use, struct mel_slice text)
{
	struct mel_slice line;

	while (mel_slice_next(&text, '\n', &line)) {
		struct mel_err *err MEL_AUTO_ERR = NULL;
		const char *blank = memchr(line.ptr, ' ', line.len);
		struct mel_slice number, unit;
		int64_t time;

		if (!blank)
			continue;
		number = mel_slice_make(line.ptr, (size_t)(blank - line.ptr));
		unit = mel_slice_make(blank + 1, line.len - number.len - 1);
		if (is_fit(unit) && mel_slice_i64(number, &time, &err) == 0 && time > 0)
			note(use, unit, time);
	}
}

int mel_cache_use_load(struct mel_cache_use *use, const struct mel_cache_state *state,
		       struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_cache_lines_read(state, USE_FILE, READ_MAX_BYTES, &text, err) < 0)
		return -1;
	mel_cache_use_parse(use, mel_buf_slice(&text));
	return 0;
}

int64_t mel_cache_use_of(const struct mel_cache_use *use, const char *unit)
{
	const int64_t *time = mel_map_get(&use->map, unit);

	return time ? *time : 0;
}

void mel_cache_use_clear(struct mel_cache_use *use)
{
	mel_map_clear(&use->map);
	mel_arena_clear(&use->arena);
}

struct compaction {
	bool (*is_known)(void *user, const char *unit);
	void *user;
};

static int compact(void *user, struct mel_slice old, struct mel_buf *out, struct mel_err **err)
{
	const struct compaction *how = user;
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };

	(void)err;
	mel_cache_use_parse(&use, old);
	mel_map_sort(&use.map);
	for (size_t i = 0; i < use.map.len; i++) {
		const struct mel_map_entry *entry = &use.map.entry[i];

		if (how->is_known(how->user, entry->key))
			mel_buf_printf(out, "%lld %s\n",
				       (long long)*(const int64_t *)entry->value, entry->key);
	}
	return 0;
}

int mel_cache_use_compact(const struct mel_cache_state *state,
			  bool (*is_known)(void *user, const char *unit), void *user,
			  struct mel_err **err)
{
	struct compaction how = { is_known, user };

	return mel_cache_lines_rewrite(state, USE_FILE, READ_MAX_BYTES, compact, &how, err);
}
