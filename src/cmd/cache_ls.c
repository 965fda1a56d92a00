/* "melange cache ls" and "melange cache du": what is in a build cache. */
#include "cmd/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/slice.h"
#include "cmd/help.h"
#include "codec/json.h"

struct ls_flags {
	const char *cache_dir, *area, *sort;
	bool json;
};

#define LS(field) .offset = offsetof(struct ls_flags, field)

static const struct mel_opt ls_opt[] = {
	MEL_CACHE_DIR_ROW(struct ls_flags, cache_dir),
	{ .name = "area",
	  .type = MEL_OPT_TEXT,
	  LS(area),
	  .word = "AREA",
	  .help = "only what is in this area" },
	{ .name = "sort",
	  .type = MEL_OPT_TEXT,
	  LS(sort),
	  .word = "KEY",
	  .preset = "name",
	  .help = "order: name, size (largest first), use (longest unused first)" },
	{ .name = "json", .type = MEL_OPT_BOOL, LS(json), .help = "one JSON object per line" },
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct mel_cache_unit *)a)->name,
		      ((const struct mel_cache_unit *)b)->name);
}

static int by_size(const void *a, const void *b)
{
	const struct mel_cache_unit *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : by_name(a, b);
}

static int by_use(const void *a, const void *b)
{
	const struct mel_cache_unit *x = a, *y = b;

	return x->used != y->used ? (x->used < y->used ? -1 : 1) : by_name(a, b);
}

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} orders[] = { { "name", by_name }, { "size", by_size }, { "use", by_use } };

static int sort(struct mel_cache_list *list, const char *key, struct mel_err **err)
{
	for (size_t i = 0; i < MEL_COUNTOF(orders); i++) {
		if (!mel_text_eq(key, orders[i].name))
			continue;
		if (list->unit.len)
			qsort(list->unit.at, list->unit.len, sizeof(*list->unit.at),
			      orders[i].compare);
		return 0;
	}
	return mel_err_set(err, MEL_ERR_USAGE, "--sort: '%s' is none of name, size, use", key);
}

void mel_cache_write_name(struct mel_buf *out, const char *name)
{
	for (; *name; name++)
		mel_buf_add_char(out,
				 (unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
}

void mel_cache_unit_text(struct mel_buf *out, const struct mel_cache_unit *unit)
{
	char date[MEL_DATE_BYTES];

	mel_date_format(unit->used, date);
	mel_buf_printf(out, "%s %-12s ", mel_cache_class_letter(unit->area->class),
		       unit->area->name);
	mel_cache_write_size(out, unit->bytes, 10);
	mel_buf_printf(out, "  %.10s  ", date);
	mel_cache_write_name(out, unit->name);
	mel_buf_add_char(out, '\n');
}

void mel_cache_unit_json(struct mel_buf *out, const struct mel_cache_unit *unit)
{
	struct mel_json json = MEL_JSON_INIT(out);
	char date[MEL_DATE_BYTES];

	mel_date_format(unit->used, date);
	json.is_compact = true;
	mel_json_begin(&json, '{');
	mel_json_pair(&json, "name", unit->name);
	mel_json_pair(&json, "class", mel_cache_class_letter(unit->area->class));
	mel_json_pair(&json, "area", unit->area->name);
	mel_json_key(&json, "bytes");
	mel_json_int(&json, (int64_t)unit->bytes);
	mel_json_key(&json, "disk-bytes");
	mel_json_int(&json, (int64_t)unit->disk_bytes);
	mel_json_key(&json, "files");
	mel_json_int(&json, unit->files);
	mel_json_pair(&json, "used", date);
	mel_json_end(&json, '}');
	mel_buf_add_char(out, '\n');
}

static int run_ls(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		  struct mel_err **err)
{
	const struct ls_flags *f = flags;
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_cache_site_open(&place, ctx, f->cache_dir, MEL_CACHE_TO_READ, err) < 0 ||
	    mel_cache_site_list(&place, err) < 0 || mel_cache_check_area(f->area, err) < 0 ||
	    sort(&place.list, f->sort, err) < 0)
		return -1;
	for (size_t i = 0; i < place.list.unit.len; i++) {
		const struct mel_cache_unit *unit = &place.list.unit.at[i];

		if (mel_cache_is_meant(&place.list, unit, f->area, &given->arg))
			(f->json ? mel_cache_unit_json : mel_cache_unit_text)(&out, unit);
	}
	return mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_cache_ls = {
	.name = "ls",
	.full = "cache ls",
	.args = "[PATTERN...]",
	.summary = "List what is in the cache",
	.about = "A line is something that is kept or evicted as a whole: class, area, size, "
		 "day "
		 "of the last\nuse, name. A pattern is one of the shell; it fits a name or a "
		 "folder above it.\n",
	.opt = ls_opt,
	.opt_len = MEL_COUNTOF(ls_opt),
	.flags_size = sizeof(struct ls_flags),
	.max_args = MEL_CMD_ANY_ARGS,
	.run = run_ls,
};

struct du_flags {
	const char *cache_dir;
	bool json;
};

static const struct mel_opt du_opt[] = {
	MEL_CACHE_DIR_ROW(struct du_flags, cache_dir),
	{ .name = "json",
	  .type = MEL_OPT_BOOL,
	  .offset = offsetof(struct du_flags, json),
	  .help = "as a JSON object" },
};

static void du_text(struct mel_buf *out, const struct mel_cache_area_size *size)
{
	const struct mel_cache_area *area = size->area;

	mel_buf_printf(out, "%-2s%-16s", area ? mel_cache_class_letter(area->class) : "",
		       area ? area->name : "total");
	mel_cache_write_size(out, size->bytes, 11);
	mel_cache_write_size(out, size->disk_bytes, 11);
	mel_buf_printf(out, "%10llu%10llu\n", (unsigned long long)size->files,
		       (unsigned long long)size->units);
}

static void du_json(struct mel_json *json, const struct mel_cache_area_size *size)
{
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {
		{ "bytes", size->bytes },    { "disk-bytes", size->disk_bytes },
		{ "files", size->files },    { "folders", size->folders },
		{ "symlinks", size->links }, { "units", size->units },
	};

	mel_json_begin(json, '{');
	if (size->area) {
		mel_json_pair(json, "area", size->area->name);
		mel_json_pair(json, "class", mel_cache_class_letter(size->area->class));
	}
	for (size_t i = 0; i < MEL_COUNTOF(counts); i++) {
		mel_json_key(json, counts[i].key);
		mel_json_int(json, (int64_t)counts[i].value);
	}
	mel_json_end(json, '}');
}

static void write_du(struct mel_buf *out, const struct mel_cache_site *place)
{
	mel_buf_printf(out, "%-18s%11s%11s%10s%10s\n", "  area", "size", "on disk", "files",
		       "units");
	for (size_t i = 0; i < place->list.area.len; i++)
		du_text(out, &place->list.area.at[i]);
	du_text(out, &place->list.total);
}

static void write_du_json(struct mel_buf *out, const struct mel_cache_site *place)
{
	struct mel_json json = MEL_JSON_INIT(out);

	mel_json_begin(&json, '{');
	mel_json_pair(&json, "directory", place->path);
	mel_json_pair_if(&json, "state", place->state.path);
	mel_json_key(&json, "areas");
	mel_json_begin(&json, '[');
	for (size_t i = 0; i < place->list.area.len; i++)
		du_json(&json, &place->list.area.at[i]);
	mel_json_end(&json, ']');
	mel_json_key(&json, "total");
	du_json(&json, &place->list.total);
	mel_json_end(&json, '}');
	mel_buf_add_char(out, '\n');
}

static int run_du(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		  struct mel_err **err)
{
	const struct du_flags *f = flags;
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	(void)given;
	if (mel_cache_site_open(&place, ctx, f->cache_dir, MEL_CACHE_TO_READ, err) < 0 ||
	    mel_cache_site_list(&place, err) < 0)
		return -1;
	(f->json ? write_du_json : write_du)(&out, &place);
	return mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_cache_du = {
	.name = "du",
	.full = "cache du",
	.summary = "Show how large the cache is, by area",
	.about = "A file with several names counts once. 'On disk' is what the file system "
		 "gives "
		 "to files and\nfolders, the size is that of the files' content.\n",
	.opt = du_opt,
	.opt_len = MEL_COUNTOF(du_opt),
	.flags_size = sizeof(struct du_flags),
	.run = run_du,
};
