/* Archives of caches as they are read: see archive.h. */
#include "cache/archive.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

bool mel_cache_is_chosen(const struct mel_cache_choice *choice, const char *path)
{
	const struct mel_cache_area *area = mel_cache_area_of(path);

	if (choice->classes && !(choice->classes & 1U << area->class))
		return false;
	for (size_t i = 0; i < choice->area_len; i++)
		if (mel_text_eq(choice->area[i], area->name))
			return true;
	return choice->area_len == 0 && !mel_text_eq(area->name, MEL_CACHE_OTHER);
}

bool mel_cache_link_stays(const char *path, const char *target)
{
	struct mel_slice rest = mel_slice_of(target), name;
	int depth = -1; /* folders below the area's own */
	bool is_down = false;

	for (const char *p = path; *p; p++)
		depth += *p == '/';
	if (target[0] == '/' || target[0] == '\0' || depth < 0)
		return false;
	for (const char *p = target; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	while (mel_slice_next(&rest, '/', &name)) {
		if (!mel_slice_eq_text(name, "..")) {
			is_down = is_down || (name.len && !mel_slice_eq_text(name, "."));
			continue;
		}
		/* Behind a name, which may be a link itself, ".." could be anywhere. */
		if (is_down || --depth < 0)
			return false;
	}
	return strlen(target) <= MEL_CACHE_PATH_MAX_BYTES;
}

static ssize_t read_pipe(struct mel_source *source, void *bytes, size_t len,
			 struct mel_err **err)
{
	struct mel_cache_pipe *pipe = (struct mel_cache_pipe *)source;
	size_t kept = pipe->first_len - pipe->first_at;
	ssize_t n;

	if (kept) {
		if (len > kept)
			len = kept;
		memcpy(bytes, pipe->first + pipe->first_at, len);
		pipe->first_at += len;
		return (ssize_t)len;
	}
	do
		n = read(pipe->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? mel_err_sys(err, "cannot read '%s'", pipe->name) : n;
}

static int open_pipe(struct mel_cache_pipe *pipe, int fd, const char *name,
		     struct mel_err **err)
{
	ssize_t n;

	pipe->source.read = read_pipe;
	pipe->fd = fd;
	pipe->name = name;
	n = mel_read_full(fd, pipe->first, sizeof(pipe->first));
	if (n < 0)
		return mel_err_sys(err, "cannot read '%s'", name);
	pipe->first_len = (size_t)n;
	return 0;
}

/* The whole source is the text of a bill. */
static int read_text(struct mel_cache_archive *archive, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_CACHE_BILL_MAX_BYTES);

	mel_buf_add(&text, archive->pipe.first, archive->pipe.first_len);
	if (mel_read_all(archive->pipe.fd, archive->name, &text, err) < 0)
		return -1;
	return mel_cache_bill_parse(&archive->bill, mel_buf_slice(&text), archive->name, err);
}

static int read_bill(struct mel_cache_archive *archive, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_CACHE_BILL_MAX_BYTES);
	struct mel_tar_entry entry;
	int more = mel_tar_reader_next(&archive->tar, &entry, err);

	if (more < 0)
		return -1;
	if (!more || entry.type != MEL_TAR_FILE ||
	    !mel_text_eq(entry.name, MEL_CACHE_BILL_NAME))
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is not an export of a build cache",
				   archive->name);
	if (mel_tar_reader_content(&archive->tar, &text, err) < 0)
		return -1;
	return mel_cache_bill_parse(&archive->bill, mel_buf_slice(&text), archive->name, err);
}

static bool begins(const struct mel_cache_pipe *pipe, const char *magic, size_t len)
{
	return pipe->first_len >= len && memcmp(pipe->first, magic, len) == 0;
}

int mel_cache_archive_open(struct mel_cache_archive *archive, int fd, const char *name,
			   uint64_t max_bytes, bool bill_only, struct mel_err **err)
{
	struct mel_source *source = &archive->pipe.source;

	archive->name = name;
	if (open_pipe(&archive->pipe, fd, name, err) < 0)
		return -1;
	if (bill_only &&
	    begins(&archive->pipe, MEL_CACHE_BILL_MAGIC, strlen(MEL_CACHE_BILL_MAGIC)))
		return read_text(archive, err);
	if (begins(&archive->pipe, "\x1f\x8b", 2)) {
		int more;

		mel_gunzip_init(&archive->gunzip, source, name);
		more = mel_gunzip_next(&archive->gunzip, max_bytes, err);
		if (more <= 0)
			return more < 0
				       ? -1
				       : mel_err_set(err, MEL_ERR_INPUT, "'%s' is empty", name);
		source = &archive->gunzip.source;
	}
	mel_tar_reader_init(&archive->tar, source, name);
	return read_bill(archive, err);
}

void mel_cache_archive_close(struct mel_cache_archive *archive)
{
	mel_tar_reader_clear(&archive->tar);
	mel_gunzip_clear(&archive->gunzip);
	mel_cache_bill_clear(&archive->bill);
}
