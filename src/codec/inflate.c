/* The content of one deflate stream: see inflate.h. */
#include "codec/inflate.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

enum { IN_BYTES = 64 * 1024, OUT_MAX_BYTES = 1 << 30 };

struct mel_inflate_work {
	struct mel_source *from;
	const char *name;
	z_stream z;
	bool is_over;
	uint64_t pulled; /* bytes read from the source */
	unsigned char in[IN_BYTES];
};

/* Have at least one compressed byte. */
static int pull(struct mel_inflate_work *work, struct mel_err **err)
{
	if (work->z.avail_in)
		return 0;

	ssize_t got = mel_source_read(work->from, work->in, sizeof(work->in), err);

	if (got < 0)
		return -1;
	if (got == 0)
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is cut off", work->name);
	work->pulled += (uint64_t)got;
	work->z.next_in = work->in;
	work->z.avail_in = (uInt)got;
	return 0;
}

static ssize_t inflate_read(struct mel_source *source, void *bytes, size_t len,
			    struct mel_err **err)
{
	struct mel_inflate_work *work = ((struct mel_inflate *)source)->work;

	if (len > OUT_MAX_BYTES)
		len = OUT_MAX_BYTES;
	work->z.next_out = bytes;
	work->z.avail_out = (uInt)len;
	while (!work->is_over && work->z.avail_out == len) {
		if (pull(work, err) < 0)
			return -1;

		int status = inflate(&work->z, Z_NO_FLUSH);

		work->is_over = status == Z_STREAM_END;
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return mel_err_set(err, MEL_ERR_INPUT, "'%s' is damaged: %s",
					   work->name, work->z.msg ? work->z.msg : "no data");
	}
	return (ssize_t)(len - work->z.avail_out);
}

void mel_inflate_init(struct mel_inflate *inflate, struct mel_source *from,
		      enum mel_inflate_form form, const char *name)
{
	inflate->source.read = inflate_read;
	inflate->work = mel_alloc(sizeof(*inflate->work));
	inflate->work->from = from;
	inflate->work->name = name;
	/* Fails only for want of memory, which ends the program anyway. */
	if (inflateInit2(&inflate->work->z, form == MEL_INFLATE_RAW ? -MAX_WBITS : MAX_WBITS) !=
	    Z_OK)
		abort();
}

uint64_t mel_inflate_used(const struct mel_inflate *inflate)
{
	return inflate->work->pulled - inflate->work->z.avail_in;
}

void mel_inflate_clear(struct mel_inflate *inflate)
{
	if (!inflate->work)
		return;
	inflateEnd(&inflate->work->z);
	free(inflate->work);
	inflate->work = NULL;
}
