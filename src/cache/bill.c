/* The bill of an export: see bill.h. */
#include "cache/bill.h"

#include <stdlib.h>
#include <string.h>

#include "codec/digest.h"

bool mel_cache_path_fits(const char *path)
{
	struct mel_slice rest = mel_slice_of(path), name;
	unsigned depth = 0;

	if (rest.len > MEL_CACHE_PATH_MAX_BYTES)
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	while (mel_slice_next(&rest, '/', &name))
		if (name.len == 0 || mel_slice_eq_text(name, ".") ||
		    mel_slice_eq_text(name, "..") || ++depth > MEL_CACHE_PATH_MAX_DEPTH)
			return false;
	return true;
}

void mel_cache_bill_add(struct mel_cache_bill *bill, const struct mel_cache_bill_entry *entry)
{
	struct mel_cache_bill_entry own = *entry;

	own.path = mel_arena_strdup(&bill->arena, entry->path);
	mel_vec_push(&bill->entry, own);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct mel_cache_bill_entry *)a)->path,
		      ((const struct mel_cache_bill_entry *)b)->path);
}

void mel_cache_bill_sort(struct mel_cache_bill *bill)
{
	if (bill->entry.len)
		qsort(bill->entry.at, bill->entry.len, sizeof(*bill->entry.at), compare);
}

struct mel_cache_bill_entry *mel_cache_bill_find(const struct mel_cache_bill *bill,
						 const char *path)
{
	const struct mel_cache_bill_entry key = { .path = path };

	if (!bill->entry.len)
		return NULL;
	return bsearch(&key, bill->entry.at, bill->entry.len, sizeof(key), compare);
}

bool mel_cache_bill_same(const struct mel_cache_bill_entry *a,
			 const struct mel_cache_bill_entry *b)
{
	return a->type == b->type && a->size == b->size &&
	       memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

void mel_cache_bill_write(const struct mel_cache_bill *bill, struct mel_buf *out)
{
	char hex[2 * MEL_SHA256_BYTES + 1];

	mel_buf_add_text(out, MEL_CACHE_BILL_MAGIC);
	for (size_t i = 0; i < bill->entry.len; i++) {
		const struct mel_cache_bill_entry *entry = &bill->entry.at[i];

		mel_hex(hex, entry->sha256, MEL_SHA256_BYTES);
		mel_buf_printf(out, "%s %llu %c %s\n", hex, (unsigned long long)entry->size,
			       entry->type, entry->path);
	}
}

static bool is_type(struct mel_slice text)
{
	return text.len == 1 && memchr("fxld", text.ptr[0], 4);
}

void mel_cache_bill_set_folder(struct mel_cache_bill_entry *entry)
{
	entry->type = 'd';
	entry->size = 0;
	mel_digest_of(MEL_SHA256, mel_slice_of(""), entry->sha256);
}

/* Folders bring no bytes; their line has room for some. */
static bool is_consistent(const struct mel_cache_bill_entry *entry)
{
	struct mel_cache_bill_entry folder;

	if (entry->type != 'd')
		return true;
	mel_cache_bill_set_folder(&folder);
	return mel_cache_bill_same(&folder, entry);
}

/* "SHA-256 SIZE TYPE PATH"; the path is in the bill's arena then. */
static bool parse_line(struct mel_cache_bill *bill, struct mel_slice line)
{
	struct mel_err *ignored MEL_AUTO_ERR = NULL;
	struct mel_cache_bill_entry entry = { .size = 0 };
	struct mel_slice digest, size, type;

	if (memchr(line.ptr, '\0', line.len) || !mel_slice_next(&line, ' ', &digest) ||
	    !mel_slice_next(&line, ' ', &size) || !mel_slice_next(&line, ' ', &type) ||
	    !line.ptr || !mel_unhex(entry.sha256, sizeof(entry.sha256), digest) ||
	    mel_slice_u64(size, &entry.size, &ignored) < 0 || !is_type(type))
		return false;
	entry.type = type.ptr[0];
	entry.path = mel_arena_slice(&bill->arena, line);
	if (!mel_cache_path_fits(entry.path) || !is_consistent(&entry))
		return false;
	if (bill->entry.len &&
	    strcmp(bill->entry.at[bill->entry.len - 1].path, entry.path) >= 0)
		return false;
	mel_vec_push(&bill->entry, entry);
	return true;
}

int mel_cache_bill_parse(struct mel_cache_bill *bill, struct mel_slice text, const char *name,
			 struct mel_err **err)
{
	struct mel_slice rest, line;

	if (!mel_slice_starts(text, MEL_CACHE_BILL_MAGIC) || text.ptr[text.len - 1] != '\n')
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' is not an export of a build cache, or cut off", name);
	rest = mel_slice_make(text.ptr + strlen(MEL_CACHE_BILL_MAGIC),
			      text.len - strlen(MEL_CACHE_BILL_MAGIC));
	if (rest.len)
		rest.len--; /* the last line feed */
	else
		return 0;
	while (mel_slice_next(&rest, '\n', &line))
		if (!parse_line(bill, line))
			return mel_err_set(err, MEL_ERR_INPUT,
					   "'%s': line %zu of its list is not understood", name,
					   bill->entry.len + 2);
	return 0;
}

void mel_cache_bill_clear(struct mel_cache_bill *bill)
{
	mel_vec_clear(&bill->entry);
	mel_arena_clear(&bill->arena);
}
