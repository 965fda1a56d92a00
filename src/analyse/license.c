/* Licence expressions and texts: see license.h. */
#include "analyse/license.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "codec/digest.h"

#define LICENSE_REF  "LicenseRef-"
#define DOCUMENT_REF "DocumentRef-"
#define ID_BYTES     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

/* Sorted without regard to case; kind is a, d (licences) or e (exceptions). */
static const struct spdx_id {
	const char *name;
	char kind;
} spdx_ids[] = {
#include "src/analyse/spdx_ids.inc"
};

enum { LONGEST_ID = 64, HASH_ID_DIGITS = 16 };

static int compare_id(const void *key, const void *row)
{
	return strcasecmp(key, ((const struct spdx_id *)row)->name);
}

/* 'a', 'd', 'e', or 0 for a name that is not on the list. */
static char id_kind(struct mel_slice name)
{
	char text[LONGEST_ID + 1];
	const struct spdx_id *found;

	if (name.len > LONGEST_ID)
		return 0;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	found = bsearch(text, spdx_ids, MEL_COUNTOF(spdx_ids), sizeof(spdx_ids[0]), compare_id);
	return found ? found->kind : 0;
}

static bool is_license(struct mel_slice name)
{
	static const char *const suffix[] = { "-only", "-or-later" };
	char kind = id_kind(name);

	for (size_t i = 0; !kind && i < MEL_COUNTOF(suffix); i++)
		if (mel_slice_ends(name, suffix[i]))
			kind = id_kind(mel_slice_make(name.ptr, name.len - strlen(suffix[i])));
	return kind == 'a' || kind == 'd';
}

/* Identifier characters at the start of *rest, cut off it. */
static struct mel_slice take_word(struct mel_slice *rest)
{
	struct mel_slice word = { rest->ptr, 0 };

	while (word.len < rest->len && rest->ptr[word.len] &&
	       strchr(ID_BYTES, rest->ptr[word.len]))
		word.len++;
	rest->ptr += word.len;
	rest->len -= word.len;
	return word;
}

static bool take_char(struct mel_slice *rest, char c)
{
	if (!rest->len || rest->ptr[0] != c)
		return false;
	rest->ptr++;
	rest->len--;
	return true;
}

static void skip_blanks(struct mel_slice *rest)
{
	while (take_char(rest, ' '))
		;
}

static bool is_ref(struct mel_slice word, const char *prefix)
{
	return mel_slice_starts(word, prefix) && word.len > strlen(prefix);
}

/* A licence or a reference; *can_with: may an exception follow? */
static bool take_operand(struct mel_slice *rest, bool *can_with)
{
	struct mel_slice word = take_word(rest);

	*can_with = false;
	if (is_ref(word, DOCUMENT_REF))
		return take_char(rest, ':') && is_ref(take_word(rest), LICENSE_REF);
	if (is_ref(word, LICENSE_REF))
		return true;
	if (!is_license(word))
		return false;
	take_char(rest, '+');
	*can_with = true;
	return true;
}

bool mel_license_is_valid(const char *expression)
{
	struct mel_slice rest = mel_slice_of(expression);
	bool wants_operand = true, can_with = false;
	size_t depth = 0;

	for (skip_blanks(&rest); rest.len; skip_blanks(&rest)) {
		if (wants_operand) {
			if (take_char(&rest, '(')) {
				depth++;
				continue;
			}
			if (!take_operand(&rest, &can_with))
				return false;
			wants_operand = false;
			continue;
		}
		if (take_char(&rest, ')')) {
			if (depth-- == 0)
				return false;
			can_with = false;
			continue;
		}

		struct mel_slice word = take_word(&rest);

		if (can_with && mel_slice_eq_text(word, "WITH")) {
			skip_blanks(&rest);
			if (id_kind(take_word(&rest)) != 'e')
				return false;
			can_with = false;
			continue;
		}
		if (!mel_slice_eq_text(word, "AND") && !mel_slice_eq_text(word, "OR"))
			return false;
		wants_operand = true;
	}
	return !wants_operand && depth == 0;
}

const char *mel_license_id(struct mel_arena *arena, const char *license)
{
	struct mel_buf id MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_license_is_valid(license))
		return mel_arena_strdup(arena, license);
	for (const char *p = license; *p; p++) {
		if (strchr(ID_BYTES, *p))
			mel_buf_add_char(&id, *p);
		else if (*p == ' ' || *p == '_')
			mel_buf_add_char(&id, '-');
	}
	if (!id.len) {
		unsigned char sum[MEL_SHA256_BYTES];
		char hex[2 * sizeof(sum) + 1];

		mel_digest_of(MEL_SHA256, mel_slice_of(license), sum);
		mel_hex(hex, sum, sizeof(sum));
		mel_buf_add(&id, hex, HASH_ID_DIGITS);
	}
	return mel_arena_printf(arena, "%s%s", LICENSE_REF, mel_buf_text(&id));
}

static bool is_given(const char *text)
{
	return text && text[0];
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

const char *mel_license_expression(struct mel_arena *arena, const struct mel_copyright *entry,
				   size_t entry_len)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	for (size_t i = 0; i < entry_len; i++) {
		const char *id = mel_license_id(arena, or_empty(entry[i].license));
		bool is_choice = entry_len > 1 && strstr(id, " OR ");

		mel_buf_printf(&out, "%s%s%s%s", i ? " AND " : "", is_choice ? "(" : "", id,
			       is_choice ? ")" : "");
	}
	return mel_arena_slice(arena, mel_buf_slice(&out));
}

const char *mel_license_attestations(struct mel_arena *arena, const struct mel_copyright *entry,
				     size_t entry_len)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	for (size_t i = 0; i < entry_len; i++)
		if (is_given(entry[i].attestation))
			mel_buf_printf(&out, "%s\n", entry[i].attestation);
	return mel_arena_slice(arena, mel_buf_slice(&out));
}

/* path without ".", ".." and empty parts, in the arena; NULL if it leads outside. */
static const char *clean_path(struct mel_arena *arena, const char *path)
{
	struct mel_slice part, rest = mel_slice_of(path);
	char *out = mel_arena_alloc(arena, strlen(path) + 2), *p = out;

	if (path[0] == '/')
		return NULL;
	while (mel_slice_word(&rest, "/", &part)) {
		if (mel_slice_eq_text(part, "."))
			continue;
		if (mel_slice_eq_text(part, "..")) {
			if (p == out)
				return NULL;

			char *slash = memrchr(out, '/', (size_t)(p - out));

			p = slash ? slash : out;
			continue;
		}
		if (p != out)
			*p++ = '/';
		memcpy(p, part.ptr, part.len);
		p += part.len;
	}
	if (p == out)
		*p++ = '.';
	*p = '\0';
	return out;
}

static int read_text(struct mel_license_texts *texts, int workspace_fd,
		     const struct mel_copyright *entry, struct mel_license_text *out,
		     struct mel_err **err)
{
	const char *path = entry->license_path;
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_LICENSE_MAX_BYTES);
	const char *clean = clean_path(&texts->arena, path);
	struct stat st;

	if (!clean)
		return mel_err_at(err, &entry->license_path_pos,
				  "invalid license-path \"%s\": it leads out of the workspace",
				  path);

	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(workspace_fd, clean, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0 && (errno == ELOOP || errno == EXDEV))
		return mel_err_at(err, &entry->license_path_pos,
				  "failed to read license-path \"%s\": it is, or leads "
				  "through, a symbolic link",
				  path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return mel_err_sys(err, "failed to read license-path \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return mel_err_at(err, &entry->license_path_pos,
				  "failed to read license-path \"%s\": not a regular file",
				  path);
	if (mel_read_all(fd, path, &buf, err) < 0)
		return mel_err_wrap(err, "failed to read license-path \"%s\"", path);
	out->text = mel_arena_slice(&texts->arena, mel_buf_slice(&buf));
	out->len = buf.len;
	return 0;
}

/* Keep one text; the last one of an id counts. */
static void put_text(struct mel_license_texts *texts, const struct mel_license_text *text)
{
	size_t i = 0;

	while (i < texts->len && !mel_text_eq(texts->at[i].id, text->id))
		i++;
	texts->at[i] = *text;
	if (i == texts->len)
		texts->len++;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(((const struct mel_license_text *)a)->id,
		      ((const struct mel_license_text *)b)->id);
}

int mel_license_texts_load(struct mel_license_texts *out, int workspace_fd,
			   const struct mel_copyright *entry, size_t entry_len,
			   struct mel_err **err)
{
	*out = (struct mel_license_texts){ 0 };
	out->at = mel_arena_array(&out->arena, entry_len + 1, sizeof(*out->at));
	for (size_t i = 0; i < entry_len; i++) {
		const char *license = or_empty(entry[i].license);
		struct mel_license_text text = { .id = mel_license_id(&out->arena, license) };

		if (is_given(entry[i].license_path)) {
			if (read_text(out, workspace_fd, &entry[i], &text, err) < 0) {
				mel_license_texts_clear(out);
				return -1;
			}
		} else if (mel_text_starts(text.id, LICENSE_REF)) {
			mel_log(MEL_LOG_WARN,
				"license '%s' is no SPDX license, and license-path names no "
				"file with its text",
				license);
			text.text =
				mel_arena_printf(&out->arena, "Non-SPDX License: %s", license);
			text.len = strlen(text.text);
		} else {
			continue;
		}
		put_text(out, &text);
	}
	qsort(out->at, out->len, sizeof(*out->at), compare_texts);
	return 0;
}

void mel_license_texts_clear(struct mel_license_texts *texts)
{
	mel_arena_clear(&texts->arena);
	*texts = (struct mel_license_texts){ 0 };
}
