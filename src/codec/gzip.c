/*
 * gzip writer: see gzip.h. Blocks are filled by the caller's thread and compressed there, or by
 * workers as soon as there is more than one; they leave in order. What a block becomes depends
 * on its bytes and the 32 KiB before it alone.
 */
#include "codec/gzip.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

enum {
	DICTIONARY_BYTES = 32 * 1024,
	OUT_BYTES = MEL_GZIP_BLOCK_BYTES + MEL_GZIP_BLOCK_BYTES / 256 + 256,
	WORKER_MAX = 16,
	SLOT_MAX = 2 * WORKER_MAX,
};

enum block_state { BLOCK_FREE, BLOCK_QUEUED, BLOCK_TAKEN, BLOCK_DONE, BLOCK_BAD };

struct block {
	unsigned char *in;  /* dictionary, then the block; owned */
	unsigned char *out; /* owned */
	size_t dictionary_len, len, out_len;
	uint32_t crc;
	bool is_last;
	enum block_state state;
};

struct mel_gzip_work {
	struct block slot[SLOT_MAX]; /* a ring: filled, compressed and written in order */
	size_t slot_len;
	size_t fill, emit; /* next to fill, next to write; equal: none is under way */
	z_stream deflate;  /* of the caller's thread */
	bool has_deflate, is_closed;
	uint32_t crc;
	uint64_t len;

	unsigned worker_max, worker_len;
	pthread_t worker[WORKER_MAX];
	pthread_mutex_t lock; /* over block states and is_stopping, once there are workers */
	pthread_cond_t changed;
	bool is_stopping;
};

static bool deflate_begin(z_stream *z)
{
	return deflateInit2(z, MEL_GZIP_LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) ==
	       Z_OK;
}

static bool compress_block(z_stream *z, struct block *block)
{
	const unsigned char *start = block->in + DICTIONARY_BYTES;
	int want = block->is_last ? Z_STREAM_END : Z_OK;

	if (!block->out)
		block->out = mel_realloc(NULL, OUT_BYTES, 1);
	if (deflateReset(z) != Z_OK ||
	    (block->dictionary_len &&
	     deflateSetDictionary(z, start - block->dictionary_len,
				  (uInt)block->dictionary_len) != Z_OK))
		return false;
	z->next_in = start;
	z->avail_in = (uInt)block->len;
	z->next_out = block->out;
	z->avail_out = OUT_BYTES;
	if (deflate(z, block->is_last ? Z_FINISH : Z_SYNC_FLUSH) != want || z->avail_out == 0)
		return false;
	block->out_len = OUT_BYTES - z->avail_out;
	block->crc = (uint32_t)crc32(crc32(0, NULL, 0), start, (uInt)block->len);
	return true;
}

/* The oldest queued block, NULL when there is none. With the lock held. */
static struct block *take_queued(struct mel_gzip_work *work)
{
	for (size_t i = 0; i < work->slot_len; i++) {
		struct block *block = &work->slot[(work->emit + i) % work->slot_len];

		if (block->state == BLOCK_QUEUED) {
			block->state = BLOCK_TAKEN;
			return block;
		}
	}
	return NULL;
}

static void *worker_main(void *arg)
{
	struct mel_gzip_work *work = arg;
	z_stream z = { 0 };
	bool is_ready = deflate_begin(&z);

	pthread_mutex_lock(&work->lock);
	while (!work->is_stopping) {
		struct block *block = take_queued(work);

		if (!block) {
			pthread_cond_wait(&work->changed, &work->lock);
			continue;
		}
		pthread_mutex_unlock(&work->lock);

		bool ok = is_ready && compress_block(&z, block);

		pthread_mutex_lock(&work->lock);
		block->state = ok ? BLOCK_DONE : BLOCK_BAD;
		pthread_cond_broadcast(&work->changed);
	}
	pthread_mutex_unlock(&work->lock);
	deflateEnd(&z);
	return NULL;
}

static void start_workers(struct mel_gzip_work *work)
{
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->changed, NULL);
	work->slot_len = 2 * work->worker_max;
	while (work->worker_len < work->worker_max &&
	       pthread_create(&work->worker[work->worker_len], NULL, worker_main, work) == 0)
		work->worker_len++;
	if (work->worker_len == 0) { /* no threads to be had: go on without */
		work->worker_max = 1;
		work->slot_len = 2;
	}
}

static void stop_workers(struct mel_gzip_work *work)
{
	if (work->worker_len == 0)
		return;
	pthread_mutex_lock(&work->lock);
	work->is_stopping = true;
	pthread_cond_broadcast(&work->changed);
	pthread_mutex_unlock(&work->lock);
	while (work->worker_len)
		pthread_join(work->worker[--work->worker_len], NULL);
	pthread_cond_destroy(&work->changed);
	pthread_mutex_destroy(&work->lock);
}

/* Between these two the workers see nothing half done. */
static void lock_blocks(struct mel_gzip_work *work)
{
	if (work->worker_len)
		pthread_mutex_lock(&work->lock);
}

static void unlock_blocks(struct mel_gzip_work *work)
{
	if (work->worker_len)
		pthread_mutex_unlock(&work->lock);
}

/* Wait for the oldest block under way and hand its bytes on. */
static void emit_block(struct mel_gzip *gzip)
{
	struct mel_gzip_work *work = gzip->work;
	struct block *block = &work->slot[work->emit];

	lock_blocks(work);
	while (block->state == BLOCK_QUEUED || block->state == BLOCK_TAKEN)
		pthread_cond_wait(&work->changed, &work->lock);
	if (block->state == BLOCK_BAD && !mel_stream_has_failed(&gzip->stream))
		mel_err_set(mel_stream_error(&gzip->stream), MEL_ERR_OUTPUT,
			    "zlib cannot compress");
	block->state = BLOCK_FREE;
	work->emit = (work->emit + 1) % work->slot_len;
	unlock_blocks(work);

	mel_stream_write(gzip->stream.next, block->out, block->out_len);
	work->crc = (uint32_t)crc32_combine(work->crc, block->crc, (z_off_t)block->len);
	work->len += block->len;
}

static void queue_block(struct mel_gzip_work *work, struct block *block)
{
	if (work->worker_len == 0) {
		if (!work->has_deflate)
			work->has_deflate = deflate_begin(&work->deflate);
		block->state = work->has_deflate && compress_block(&work->deflate, block)
				       ? BLOCK_DONE
				       : BLOCK_BAD;
		return;
	}
	pthread_mutex_lock(&work->lock);
	block->state = BLOCK_QUEUED;
	pthread_cond_broadcast(&work->changed);
	pthread_mutex_unlock(&work->lock);
}

/* Begin the block after the one that was just filled, with that one's end as dictionary. */
static void begin_block(struct mel_gzip *gzip, const struct block *before)
{
	struct mel_gzip_work *work = gzip->work;
	struct block *block = &work->slot[work->fill];

	if (!block->in)
		block->in = mel_realloc(NULL, DICTIONARY_BYTES + MEL_GZIP_BLOCK_BYTES, 1);
	block->len = block->dictionary_len = 0;
	block->is_last = false;
	if (before) {
		block->dictionary_len = DICTIONARY_BYTES;
		memcpy(block->in, before->in + MEL_GZIP_BLOCK_BYTES, DICTIONARY_BYTES);
	}
}

/* The current block is full and more follows. */
static void next_block(struct mel_gzip *gzip)
{
	struct mel_gzip_work *work = gzip->work;
	struct block *full = &work->slot[work->fill];

	if (work->worker_max > 1 && work->worker_len == 0)
		start_workers(work);
	queue_block(work, full);
	work->fill = (work->fill + 1) % work->slot_len;
	if (work->worker_len == 0 || work->fill == work->emit)
		emit_block(gzip);
	begin_block(gzip, full);
}

static void gzip_write(struct mel_stream *stream, const void *bytes, size_t len)
{
	struct mel_gzip *gzip = (struct mel_gzip *)stream;

	while (len && !mel_stream_has_failed(stream)) {
		struct block *block = &gzip->work->slot[gzip->work->fill];
		size_t room = MEL_GZIP_BLOCK_BYTES - block->len;
		size_t part = len < room ? len : room;

		if (part == 0) {
			next_block(gzip);
			continue;
		}
		memcpy(block->in + DICTIONARY_BYTES + block->len, bytes, part);
		block->len += part;
		bytes = (const char *)bytes + part;
		len -= part;
	}
}

void mel_gzip_init(struct mel_gzip *gzip, struct mel_stream *next, unsigned worker_max)
{
	static const unsigned char header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };

	mel_stream_init(&gzip->stream, gzip_write, next);
	gzip->work = mel_alloc(sizeof(*gzip->work));
	gzip->work->worker_max = worker_max < 1            ? 1
				 : worker_max > WORKER_MAX ? WORKER_MAX
							   : worker_max;
	gzip->work->slot_len = 2;
	begin_block(gzip, NULL);
	mel_stream_write(next, header, sizeof(header));
}

static void put_u32(unsigned char *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(value >> 8 * i);
}

int mel_gzip_close(struct mel_gzip *gzip, struct mel_err **err)
{
	struct mel_gzip_work *work = gzip->work;
	unsigned char trailer[8];

	if (!work->is_closed && !mel_stream_has_failed(&gzip->stream)) {
		struct block *block = &work->slot[work->fill];

		block->is_last = true;
		queue_block(work, block);
		work->fill = (work->fill + 1) % work->slot_len;
		do {
			emit_block(gzip);
		} while (work->emit != work->fill);
		put_u32(trailer, work->crc);
		put_u32(trailer + 4, (uint32_t)work->len);
		mel_stream_write(gzip->stream.next, trailer, sizeof(trailer));
	}
	work->is_closed = true;
	stop_workers(work);
	return mel_stream_check(&gzip->stream, err);
}

void mel_gzip_clear(struct mel_gzip *gzip)
{
	struct mel_gzip_work *work = gzip->work;

	if (!work)
		return;
	stop_workers(work);
	if (work->has_deflate)
		deflateEnd(&work->deflate);
	for (size_t i = 0; i < SLOT_MAX; i++) {
		free(work->slot[i].in);
		free(work->slot[i].out);
	}
	free(work);
	gzip->work = NULL;
}

int mel_gzip_pack(struct mel_buf *out, struct mel_slice bytes, struct mel_err **err)
{
	struct mel_gzip gzip MEL_AUTO_GZIP = { 0 };
	struct mel_buf_sink sink;

	mel_buf_sink_init(&sink, out, "compressed member");
	mel_gzip_init(&gzip, &sink.stream, 1);
	mel_stream_write(&gzip.stream, bytes.ptr, bytes.len);

	int result = mel_gzip_close(&gzip, err);

	mel_stream_clear(&sink.stream);
	return result;
}
