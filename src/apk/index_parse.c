/* Reading an index: see index.h. Unknown lines are kept: merging loses nothing. */
#include "apk/index.h"

#include <string.h>

#include "base/mem.h"
#include "codec/gzip.h"
#include "codec/stream.h"
#include "codec/tar.h"

enum { LINE_MAX_BYTES = 1024 * 1024, FILE_MAX_BYTES = 300 * 1024 * 1024 };

enum value_kind { VALUE_TEXT, VALUE_UNSIGNED };

static const struct {
	char key;
	enum value_kind kind;
	size_t place;
} lines[] = {
	{ 'C', VALUE_TEXT, offsetof(struct mel_index_entry, checksum) },
	{ 'P', VALUE_TEXT, offsetof(struct mel_index_entry, name) },
	{ 'V', VALUE_TEXT, offsetof(struct mel_index_entry, version) },
	{ 'A', VALUE_TEXT, offsetof(struct mel_index_entry, arch) },
	{ 'S', VALUE_UNSIGNED, offsetof(struct mel_index_entry, size) },
	{ 'I', VALUE_UNSIGNED, offsetof(struct mel_index_entry, installed_size) },
	{ 'T', VALUE_TEXT, offsetof(struct mel_index_entry, description) },
	{ 'U', VALUE_TEXT, offsetof(struct mel_index_entry, url) },
	{ 'L', VALUE_TEXT, offsetof(struct mel_index_entry, license) },
	{ 'o', VALUE_TEXT, offsetof(struct mel_index_entry, origin) },
	{ 'm', VALUE_TEXT, offsetof(struct mel_index_entry, maintainer) },
	{ 'c', VALUE_TEXT, offsetof(struct mel_index_entry, commit) },
	{ 'D', VALUE_TEXT, offsetof(struct mel_index_entry, depends) },
	{ 'i', VALUE_TEXT, offsetof(struct mel_index_entry, install_if) },
	{ 'p', VALUE_TEXT, offsetof(struct mel_index_entry, provides) },
	{ 'k', VALUE_UNSIGNED, offsetof(struct mel_index_entry, provider_priority) },
};

struct parsing {
	struct mel_index *index;
	const char *name;
	size_t line_number;
	struct mel_index_entry entry;
	struct mel_buf unknown;
};

static int bad_line(const struct parsing *parsing, const char *why, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s': cannot parse line %zu: %s", parsing->name,
			   parsing->line_number, why);
}

static int take_value(struct parsing *parsing, char key, struct mel_slice value,
		      struct mel_slice line, struct mel_err **err)
{
	for (size_t i = 0; i < MEL_COUNTOF(lines); i++) {
		void *place = (char *)&parsing->entry + lines[i].place;

		if (lines[i].key != key)
			continue;
		if (lines[i].kind == VALUE_UNSIGNED)
			return mel_slice_u64(value, place, err);
		*(const char **)place = mel_arena_slice(&parsing->index->arena, value);
		return 0;
	}
	if (key == 't') {
		parsing->entry.has_build_time = true;
		return mel_slice_i64(value, &parsing->entry.build_time, err);
	}
	mel_buf_add_slice(&parsing->unknown, line);
	mel_buf_add_char(&parsing->unknown, '\n');
	return 0;
}

/* An empty line or the end of the text; a stanza without a name is no package. */
static void end_stanza(struct parsing *parsing)
{
	struct mel_index_entry *entry = &parsing->entry;

	if (entry->name && *entry->name) {
		entry->version = entry->version ? entry->version : "";
		if (parsing->unknown.len)
			entry->unknown = mel_arena_slice(&parsing->index->arena,
							 mel_buf_slice(&parsing->unknown));
		mel_vec_push(&parsing->index->entry, *entry);
	}
	*entry = (struct mel_index_entry){ 0 };
	mel_buf_truncate(&parsing->unknown, 0);
}

static int take_line(struct parsing *parsing, struct mel_slice line, struct mel_err **err)
{
	if (line.len == 0) {
		end_stanza(parsing);
		return 0;
	}
	if (line.len > LINE_MAX_BYTES)
		return bad_line(parsing, "it has more than 1 MiB", err);
	if (line.len < 2 || line.ptr[1] != ':')
		return bad_line(parsing, "no ':' as second character", err);
	if (memchr(line.ptr, 0, line.len))
		return bad_line(parsing, "it has a NUL byte", err);
	return take_value(parsing, line.ptr[0], mel_slice_make(line.ptr + 2, line.len - 2),
			  line, err) < 0
		       ? mel_err_wrap(err, "'%s': cannot parse line %zu", parsing->name,
				      parsing->line_number)
		       : 0;
}

int mel_index_parse_text(struct mel_index *index, struct mel_slice text, const char *name,
			 struct mel_err **err)
{
	struct parsing parsing = {
		.index = index,
		.name = name,
		.unknown = MEL_BUF_INIT(FILE_MAX_BYTES),
	};
	struct mel_slice line;
	int result = 0;

	while (result == 0 && mel_slice_next(&text, '\n', &line)) {
		parsing.line_number++;
		result = take_line(&parsing, line, err);
	}
	if (result == 0)
		end_stanza(&parsing);
	mel_buf_clear(&parsing.unknown);
	return result;
}

static int take_entry(struct mel_index *index, const struct mel_tar_entry *entry,
		      struct mel_tar_reader *reader, const char *name, struct mel_err **err)
{
	struct mel_buf content MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);
	bool is_list = mel_text_eq(entry->name, "APKINDEX");

	if (mel_text_starts(entry->name, ".SIGN."))
		return 0;
	if (!is_list && !mel_text_eq(entry->name, "DESCRIPTION"))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s': unexpected file found in APKINDEX: %s", name,
				   entry->name);
	if (mel_tar_reader_content(reader, &content, err) < 0)
		return -1;
	if (is_list)
		return mel_index_parse_text(index, mel_buf_slice(&content), name, err);
	if (content.len)
		index->description = mel_slice_make(
			mel_arena_strndup(&index->arena, content.ptr, content.len),
			content.len);
	return 0;
}

/* All entries of one gzip member. */
static int parse_member(struct mel_index *index, struct mel_gunzip *gunzip, const char *name,
			struct mel_err **err)
{
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;
	int more;

	mel_tar_reader_init(&reader, &gunzip->source, name);
	while ((more = mel_tar_reader_next(&reader, &entry, err)) > 0)
		if (take_entry(index, &entry, &reader, name, err) < 0)
			return -1;
	return more;
}

int mel_index_parse(struct mel_index *index, struct mel_slice bytes, const char *name,
		    struct mel_err **err)
{
	struct mel_gunzip gunzip MEL_AUTO_GUNZIP = { 0 };
	struct mel_slice_source source;
	int more;

	mel_slice_source_init(&source, bytes);
	mel_gunzip_init(&gunzip, &source.source, name);
	while ((more = mel_gunzip_next(&gunzip, MEL_INDEX_MAX_BYTES, err)) > 0)
		if (parse_member(index, &gunzip, name, err) < 0)
			return -1;
	return more;
}
