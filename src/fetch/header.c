/* Header lines of a response: see header.h. */
#include "fetch/header.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* The value behind "NAME:", blanks cut off; false if it is another header. */
static bool value_of(struct mel_slice line, const char *name, struct mel_slice *value)
{
	size_t len = strlen(name);

	if (line.len <= len || line.ptr[len] != ':' || strncasecmp(line.ptr, name, len) != 0)
		return false;
	*value = mel_slice_trim(mel_slice_make(line.ptr + len + 1, line.len - len - 1), " \t");
	return true;
}

static bool number(struct mel_slice s, uint64_t *out)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;

	return mel_slice_u64(s, out, &ignored) == 0;
}

/* "bytes 5-9/10", "bytes 5-9/" and a star, "bytes", a star and "/10" */
static void read_range(struct mel_fetch_head *head, struct mel_slice value)
{
	struct mel_slice range, begin;

	head->has_range = head->has_total = false;
	if (!mel_slice_starts(value, "bytes "))
		return;
	value = mel_slice_make(value.ptr + 6, value.len - 6);
	if (!mel_slice_next(&value, '/', &range) || !value.ptr)
		return;
	head->has_total = number(value, &head->range_total);
	if (mel_slice_next(&range, '-', &begin) && range.ptr)
		head->has_range = number(begin, &head->range_begin);
}

/* Values go back to the server, in If-Range: printable, and no weak ones. */
static void keep(char *out, struct mel_slice value)
{
	out[0] = '\0';
	if (value.len == 0 || value.len >= MEL_FETCH_VALIDATOR_MAX)
		return;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x20 || value.ptr[i] >= 0x7f)
			return;
	memcpy(out, value.ptr, value.len);
	out[value.len] = '\0';
}

void mel_fetch_head_add(struct mel_fetch_head *head, struct mel_slice line)
{
	struct mel_slice value;

	line = mel_slice_trim(line, "\r\n");
	if (mel_slice_starts(line, "HTTP/"))
		*head = (struct mel_fetch_head){ .has_range = false };
	else if (value_of(line, "content-range", &value))
		read_range(head, value);
	else if (value_of(line, "etag", &value) && mel_slice_starts(value, "\""))
		keep(head->etag, value);
	else if (value_of(line, "last-modified", &value))
		keep(head->modified, value);
	else if (value_of(line, "retry-after", &value) && !number(value, &head->retry_after_s))
		head->retry_after_s = 0;
}
