/* gzip reader: see gzip.h. */
#include "codec/gzip.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

enum { IN_BYTES = 64 * 1024, SKIP_BYTES = 16 * 1024 };

struct mel_gunzip_work {
	struct mel_source *from;
	const char *name;
	z_stream z;
	bool has_inflate, is_inside, is_in_over;
	uint64_t left;   /* bytes the current member may still give */
	uint64_t max;    /* of the current member */
	uint64_t pulled; /* bytes read from the source */
	unsigned char in[IN_BYTES];
};

/* Have at least one compressed byte: 1, 0 at the source's end, -1. */
static int pull(struct mel_gunzip_work *work, struct mel_err **err)
{
	if (work->z.avail_in)
		return 1;
	if (work->is_in_over)
		return 0;

	ssize_t got = mel_source_read(work->from, work->in, sizeof(work->in), err);

	if (got < 0)
		return -1;
	work->is_in_over = got == 0;
	work->pulled += (uint64_t)got;
	work->z.next_in = work->in;
	work->z.avail_in = (uInt)got;
	return got > 0;
}

static int fail_damaged(const struct mel_gunzip_work *work, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' is not a gzip file or is damaged: %s",
			   work->name, work->z.msg ? work->z.msg : "no data");
}

/* One call of inflate into bytes; the number of bytes made, which may be 0, or -1. */
static ssize_t step(struct mel_gunzip_work *work, void *bytes, size_t len, struct mel_err **err)
{
	int more = pull(work, err);

	if (more < 0)
		return -1;
	if (more == 0)
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is cut off", work->name);
	work->z.next_out = bytes;
	work->z.avail_out = (uInt)len;

	int status = inflate(&work->z, Z_NO_FLUSH);

	if (status == Z_STREAM_END)
		work->is_inside = false;
	else if (status != Z_OK && status != Z_BUF_ERROR)
		return fail_damaged(work, err);
	return (ssize_t)(len - work->z.avail_out);
}

static ssize_t gunzip_read(struct mel_source *source, void *bytes, size_t len,
			   struct mel_err **err)
{
	struct mel_gunzip_work *work = ((struct mel_gunzip *)source)->work;
	ssize_t made = 0;

	if (len > 1 << 30)
		len = 1 << 30;
	while (work->is_inside && made == 0)
		made = step(work, bytes, len, err);
	if (made < 0)
		return -1;
	if ((uint64_t)made > work->left)
		return mel_err_set(err, MEL_ERR_LIMIT,
				   "'%s' has a section of more than %llu bytes", work->name,
				   (unsigned long long)work->max);
	work->left -= (uint64_t)made;
	return made;
}

void mel_gunzip_init(struct mel_gunzip *gunzip, struct mel_source *from, const char *name)
{
	gunzip->source.read = gunzip_read;
	gunzip->work = mel_alloc(sizeof(*gunzip->work));
	gunzip->work->from = from;
	gunzip->work->name = name;
}

int mel_gunzip_next(struct mel_gunzip *gunzip, uint64_t max, struct mel_err **err)
{
	struct mel_gunzip_work *work = gunzip->work;
	char skipped[SKIP_BYTES];

	while (work->is_inside)
		if (gunzip_read(&gunzip->source, skipped, sizeof(skipped), err) < 0)
			return -1;

	int more = pull(work, err);

	if (more <= 0)
		return more;
	/* 16: gzip headers only, zlib checks length and CRC. */
	if (work->has_inflate ? inflateReset(&work->z) != Z_OK
			      : inflateInit2(&work->z, MAX_WBITS + 16) != Z_OK)
		return fail_damaged(work, err);
	work->has_inflate = work->is_inside = true;
	work->left = work->max = max;
	return 1;
}

uint64_t mel_gunzip_offset(const struct mel_gunzip *gunzip)
{
	return gunzip->work->pulled - gunzip->work->z.avail_in;
}

void mel_gunzip_clear(struct mel_gunzip *gunzip)
{
	if (!gunzip->work)
		return;
	if (gunzip->work->has_inflate)
		inflateEnd(&gunzip->work->z);
	free(gunzip->work);
	gunzip->work = NULL;
}
