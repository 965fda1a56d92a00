/* The model of an index, merging and writing: see index.h. Parsing is in index_parse.c. */
#include "apk/index.h"

#include <string.h>

#include "apk/sign.h"
#include "base/mem.h"
#include "codec/gzip.h"
#include "codec/stream.h"
#include "codec/tar.h"

void mel_index_clear(struct mel_index *index)
{
	mel_vec_clear(&index->entry);
	mel_arena_clear(&index->arena);
	index->description = mel_slice_make(NULL, 0);
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* --- entries ---------------------------------------------------------------------------- */

static const char *join(struct mel_arena *arena, struct mel_pkginfo_list list)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	for (size_t i = 0; i < list.len; i++) {
		if (i)
			mel_buf_add_char(&text, ' ');
		mel_buf_add_text(&text, list.at[i]);
	}
	return mel_arena_strdup(arena, mel_buf_text(&text));
}

/* All hold together: joined by AND, what is an alternative itself in parentheses. */
static const char *join_licenses(struct mel_arena *arena, struct mel_pkginfo_list list)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (list.len == 1)
		return mel_arena_strdup(arena, list.at[0]);
	for (size_t i = 0; i < list.len; i++) {
		bool is_compound = strstr(list.at[i], " OR ") != NULL;

		if (i)
			mel_buf_add_text(&text, " AND ");
		mel_buf_printf(&text, is_compound ? "(%s)" : "%s", list.at[i]);
	}
	return mel_arena_strdup(arena, mel_buf_text(&text));
}

static const char *checksum_of(struct mel_arena *arena,
			       const unsigned char identity[MEL_SHA1_BYTES])
{
	char base64[32];

	mel_base64(base64, identity, MEL_SHA1_BYTES);
	return mel_arena_printf(arena, "Q1%s", base64);
}

static void fill_entry(struct mel_index_entry *out, const struct mel_pkginfo *info,
		       uint64_t size, const unsigned char identity[MEL_SHA1_BYTES],
		       struct mel_arena *arena)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	*out = (struct mel_index_entry){
		.checksum = checksum_of(arena, identity),
		.name = info->name,
		.version = info->version,
		.arch = info->arch,
		.size = size,
		.installed_size = info->size,
		.description = info->description,
		.url = info->url,
		.license = join_licenses(arena, info->license),
		.origin = info->origin,
		.maintainer = info->maintainer,
		.has_build_time = true,
		.build_time = info->builddate,
		.commit = info->commit,
		.depends = join(arena, info->depend),
		.install_if = join(arena, info->install_if),
		.provides = join(arena, info->provides),
	};
	/* one that is no number has no place in an index: 0, and no line */
	if (is_set(info->provider_priority))
		mel_slice_u64(mel_slice_of(info->provider_priority), &out->provider_priority,
			      &err);
}

void mel_index_entry_make(struct mel_index_entry *out, const struct mel_pkginfo *info,
			  const struct mel_package_sum *sum, struct mel_arena *arena)
{
	fill_entry(out, info, sum->bytes, sum->identity, arena);
}

void mel_index_entry_of(struct mel_index_entry *out, const struct mel_apk *apk,
			struct mel_arena *arena)
{
	fill_entry(out, &apk->info, apk->bytes, apk->identity, arena);
}

/* Texts of an entry, for copying: offsets of all its pointers. */
static const size_t text_place[] = {
	offsetof(struct mel_index_entry, checksum),
	offsetof(struct mel_index_entry, name),
	offsetof(struct mel_index_entry, version),
	offsetof(struct mel_index_entry, arch),
	offsetof(struct mel_index_entry, description),
	offsetof(struct mel_index_entry, url),
	offsetof(struct mel_index_entry, license),
	offsetof(struct mel_index_entry, origin),
	offsetof(struct mel_index_entry, maintainer),
	offsetof(struct mel_index_entry, commit),
	offsetof(struct mel_index_entry, depends),
	offsetof(struct mel_index_entry, install_if),
	offsetof(struct mel_index_entry, provides),
	offsetof(struct mel_index_entry, unknown),
};

void mel_index_merge(struct mel_index *index, const struct mel_index_entry *entry)
{
	struct mel_index_entry copy = *entry;

	if (!is_set(entry->name))
		return;
	for (size_t i = 0; i < MEL_COUNTOF(text_place); i++) {
		const char **text = (const char **)(void *)((char *)&copy + text_place[i]);

		if (*text)
			*text = mel_arena_strdup(&index->arena, *text);
	}
	for (size_t i = 0; i < index->entry.len; i++) {
		struct mel_index_entry *old = &index->entry.at[i];

		if (mel_text_eq(old->name, copy.name) &&
		    mel_text_eq(old->version, copy.version)) {
			*old = copy;
			return;
		}
	}
	mel_vec_push(&index->entry, copy);
}

/* --- writing ---------------------------------------------------------------------------- */

static bool ends_line(char c)
{
	return c == '\n' || c == '\r';
}

/* key:value; a run of line ends becomes a space, as in .PKGINFO: it would forge lines. */
static void add_line(struct mel_buf *out, char key, const char *value)
{
	mel_buf_printf(out, "%c:", key);
	for (const char *p = value ? value : ""; *p; p++) {
		mel_buf_add_char(out, ends_line(*p) ? ' ' : *p);
		while (ends_line(*p) && ends_line(p[1]))
			p++;
	}
	mel_buf_add_char(out, '\n');
}

static void add_line_if(struct mel_buf *out, char key, const char *value)
{
	if (is_set(value))
		add_line(out, key, value);
}

static void add_number_if(struct mel_buf *out, char key, uint64_t value)
{
	if (value)
		mel_buf_printf(out, "%c:%llu\n", key, (unsigned long long)value);
}

static void render_entry(const struct mel_index_entry *entry, struct mel_buf *out)
{
	add_line(out, 'C', entry->checksum);
	add_line(out, 'P', entry->name);
	add_line(out, 'V', entry->version);
	add_line_if(out, 'A', entry->arch);
	add_number_if(out, 'S', entry->size);
	add_number_if(out, 'I', entry->installed_size);
	add_line(out, 'T', entry->description);
	add_line_if(out, 'U', entry->url);
	add_line_if(out, 'L', entry->license);
	add_line_if(out, 'o', entry->origin);
	add_line_if(out, 'm', entry->maintainer);
	if (entry->has_build_time)
		mel_buf_printf(out, "t:%lld\n", (long long)entry->build_time);
	add_line_if(out, 'c', entry->commit);
	add_line_if(out, 'D', entry->depends);
	add_line_if(out, 'i', entry->install_if);
	add_line_if(out, 'p', entry->provides);
	add_number_if(out, 'k', entry->provider_priority);
	mel_buf_add_text(out, entry->unknown ? entry->unknown : "");
	mel_buf_add_char(out, '\n');
}

void mel_index_render(const struct mel_index *index, struct mel_buf *out)
{
	for (size_t i = 0; i < index->entry.len; i++)
		render_entry(&index->entry.at[i], out);
}

/* A file without owner names and time, as an index has them. */
static void put_file(struct mel_tar *tar, const char *name, struct mel_slice content)
{
	const struct mel_tar_entry entry = {
		.name = name,
		.type = MEL_TAR_FILE,
		.mode = 0644,
		.size = content.len,
	};

	mel_tar_begin(tar, &entry);
	mel_tar_content(tar, content.ptr, content.len);
}

int mel_index_tar(const struct mel_index *index, struct mel_buf *out, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_INDEX_MAX_BYTES);
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);

	mel_index_render(index, &text);
	if (mel_buf_check(&text, "index", err) < 0)
		return -1;
	mel_buf_sink_init(&sink, out, "index");
	put_file(&tar, "APKINDEX", mel_buf_slice(&text));
	put_file(&tar, "DESCRIPTION", index->description);

	int result = mel_tar_close(&tar, true, err);

	mel_stream_clear(&sink.stream);
	return result;
}

int mel_index_pack(const struct mel_index *index, const struct mel_key *key,
		   struct mel_buf *out, struct mel_err **err)
{
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_buf packed MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_index_tar(index, &tar, err) < 0 ||
	    mel_gzip_pack(&packed, mel_buf_slice(&tar), err) < 0)
		return -1;
	if (key && mel_sign_make(out, key, mel_buf_slice(&packed), 0, err) < 0)
		return -1;
	mel_buf_add_slice(out, mel_buf_slice(&packed));
	return mel_buf_check(out, "index", err);
}
