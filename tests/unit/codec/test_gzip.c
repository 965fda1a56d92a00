/* gzip members: fixed bytes, the same with any number of workers; a wary reader. */
#include <string.h>

#include "base/buf.h"
#include "codec/digest.h"
#include "codec/gzip.h"
#include "tests/unit/table.h"

/* Something between text and noise, the same each time. */
static void fill(struct mel_buf *buf, size_t len)
{
	uint32_t state = 1;

	mel_buf_reserve(buf, len);
	while (len--) {
		state = state * 1664525 + 1013904223;
		mel_buf_add_char(buf, state >> 31 ? (char)(state >> 24) : 'a');
	}
}

static void pack(struct mel_buf *out, struct mel_slice bytes, unsigned workers, size_t piece)
{
	struct mel_gzip gzip MEL_AUTO_GZIP = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;

	mel_buf_sink_init(&sink, out, "test");
	mel_gzip_init(&gzip, &sink.stream, workers);
	for (size_t at = 0; at < bytes.len; at += piece)
		mel_stream_write(&gzip.stream, bytes.ptr + at,
				 bytes.len - at < piece ? bytes.len - at : piece);
	cr_assert_eq(mel_gzip_close(&gzip, &err), 0, "%s", err ? err->text : "");
}

static int unpack(struct mel_buf *out, struct mel_slice bytes, uint64_t max,
		  struct mel_err **err)
{
	struct mel_gunzip gunzip MEL_AUTO_GUNZIP = { 0 };
	struct mel_slice_source source;
	int more;

	mel_slice_source_init(&source, bytes);
	mel_gunzip_init(&gunzip, &source.source, "test");
	while ((more = mel_gunzip_next(&gunzip, max, err)) > 0) {
		char chunk[5000];
		ssize_t got;

		while ((got = mel_source_read(&gunzip.source, chunk, sizeof(chunk), err)) > 0)
			mel_buf_add(out, chunk, (size_t)got);
		if (got < 0)
			return -1;
	}
	return more;
}

static const struct {
	size_t len, piece;
	unsigned workers;
} sizes[] = {
	{ 0, 1, 1 },
	{ 1, 1, 1 },
	{ 1000, 7, 1 },
	{ MEL_GZIP_BLOCK_BYTES - 1, 4096, 2 },
	{ MEL_GZIP_BLOCK_BYTES, 4096, 2 },
	{ MEL_GZIP_BLOCK_BYTES + 1, MEL_GZIP_BLOCK_BYTES + 1, 2 },
	{ 3 * MEL_GZIP_BLOCK_BYTES, 100000, 2 },
	{ 9 * MEL_GZIP_BLOCK_BYTES + 12345, 65536, 3 },
	{ 9 * MEL_GZIP_BLOCK_BYTES + 12345, 1 << 30, 16 },
};

TABLE_TEST(gzip, round_trip_does_not_depend_on_workers, sizes)
{
	struct mel_buf in MEL_AUTO_BUF = MEL_BUF_INIT(1 << 24);
	struct mel_buf alone MEL_AUTO_BUF = MEL_BUF_INIT(1 << 24);
	struct mel_buf together MEL_AUTO_BUF = MEL_BUF_INIT(1 << 24);
	struct mel_buf back MEL_AUTO_BUF = MEL_BUF_INIT(1 << 24);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	fill(&in, sizes[*row].len);
	pack(&alone, mel_buf_slice(&in), 1, sizes[*row].piece);
	pack(&together, mel_buf_slice(&in), sizes[*row].workers, 99999);
	cr_assert(mel_slice_eq(mel_buf_slice(&alone), mel_buf_slice(&together)));
	cr_assert_arr_eq(alone.ptr, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	cr_assert_eq(unpack(&back, mel_buf_slice(&alone), 1 << 24, &err), 0);
	cr_assert(mel_slice_eq(mel_buf_slice(&in), mel_buf_slice(&back)));
}

Test(gzip, several_members_one_at_a_time, .timeout = 10)
{
	struct mel_buf file MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_gunzip gunzip MEL_AUTO_GUNZIP = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice_source source;
	size_t second;
	char chunk[16];

	cr_assert_eq(mel_gzip_pack(&file, mel_slice_of("one"), &err), 0);
	second = file.len;
	cr_assert_eq(mel_gzip_pack(&file, mel_slice_of("second"), &err), 0);
	mel_slice_source_init(&source, mel_buf_slice(&file));
	mel_gunzip_init(&gunzip, &source.source, "test");
	cr_assert_eq(mel_gunzip_next(&gunzip, 100, &err), 1);
	cr_assert_eq(mel_source_read(&gunzip.source, chunk, 2, &err), 2);
	cr_assert_eq(mel_gunzip_next(&gunzip, 100, &err), 1); /* the rest is skipped */
	cr_assert_eq(mel_gunzip_offset(&gunzip), second);
	cr_assert_eq(mel_source_read_full(&gunzip.source, chunk, sizeof(chunk), &err), 6);
	cr_assert_arr_eq(chunk, "second", 6);
	cr_assert_eq(mel_gunzip_next(&gunzip, 100, &err), 0);
	cr_assert_eq(mel_gunzip_offset(&gunzip), file.len);
}

static const struct {
	const char *name;
	size_t at;
	int flip;   /* XORed to the byte at at */
	size_t cut; /* length kept; 0: all */
	uint64_t max;
	const char *text;
} damage[] = {
	{ "magic", 0, 1, 0, 5000, "not a gzip file" },
	{ "method", 2, 1, 0, 5000, "not a gzip file" },
	{ "header cut", 0, 0, 5, 5000, "cut off" },
	{ "data cut", 0, 0, 40, 5000, "cut off" },
	{ "checksum", 0, 0, 0, 5000, NULL },
	{ "limit exact", 0, 0, 0, 3000, NULL },
	{ "limit", 0, 0, 0, 2999, "more than 2999 bytes" },
};

TABLE_TEST(gzip, reader_finds_damage, damage)
{
	struct mel_buf in MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf file MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf back MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	fill(&in, 3000);
	pack(&file, mel_buf_slice(&in), 1, 4096);
	file.ptr[damage[*row].at] = (char)(file.ptr[damage[*row].at] ^ damage[*row].flip);
	if (damage[*row].cut)
		mel_buf_truncate(&file, damage[*row].cut);

	int result = unpack(&back, mel_buf_slice(&file), damage[*row].max, &err);

	cr_assert_eq(result, damage[*row].text ? -1 : 0, "%s: %s", damage[*row].name,
		     err ? err->text : "");
	if (damage[*row].text)
		cr_assert(strstr(err->text, damage[*row].text), "%s", err->text);
}

Test(gzip, wrong_checksum_and_length, .timeout = 10)
{
	for (size_t back_from_end = 1; back_from_end <= 8; back_from_end++) {
		struct mel_buf file MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
		struct mel_buf back MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
		struct mel_err *err MEL_AUTO_ERR = NULL;

		pack(&file, mel_slice_of("some bytes"), 1, 4096);
		file.ptr[file.len - back_from_end] ^= 1;
		cr_assert_eq(unpack(&back, mel_buf_slice(&file), 100, &err), -1);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
	}
}

Test(gzip, garbage_behind_a_member, .timeout = 10)
{
	struct mel_buf file MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf back MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	pack(&file, mel_slice_of("some bytes"), 1, 4096);
	mel_buf_add_text(&file, "garbage");
	cr_assert_eq(unpack(&back, mel_buf_slice(&file), 100, &err), -1);
	cr_assert_str_eq(mel_buf_text(&back), "some bytes");
}

Test(gzip, failure_of_the_sink_comes_out_at_close, .timeout = 20)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		struct mel_buf in MEL_AUTO_BUF = MEL_BUF_INIT(1 << 24);
		struct mel_buf small MEL_AUTO_BUF = MEL_BUF_INIT(1000);
		struct mel_gzip gzip MEL_AUTO_GZIP = { 0 };
		struct mel_err *err MEL_AUTO_ERR = NULL;
		struct mel_buf_sink sink;

		fill(&in, 5 * MEL_GZIP_BLOCK_BYTES);
		mel_buf_sink_init(&sink, &small, "the result");
		mel_gzip_init(&gzip, &sink.stream, workers);
		mel_stream_write(&gzip.stream, in.ptr, in.len);
		mel_stream_write(&gzip.stream, in.ptr, in.len);
		cr_assert_eq(mel_gzip_close(&gzip, &err), -1);
		cr_assert_eq(err->kind, MEL_ERR_LIMIT);
		mel_stream_clear(&sink.stream);
	}
}
