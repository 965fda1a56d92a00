/* See elf_file.h. Source: elf(5). */
#include "elf_file.h"

#include <criterion/criterion.h>

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* Virtual addresses are offsets plus this. */
enum { BASE = 0x400000, TEXT_AT = 512, DYNAMIC_AT = 1024, SECTIONS_AT = 2048 };

struct writer {
	const struct elf_file *file;
	unsigned char *out;
	size_t at;
};

static void put(struct writer *w, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		unsigned shift = 8 * (w->file->is_big ? bytes - 1 - i : i);

		w->out[w->at++] = (unsigned char)(value >> shift);
	}
}

/* An address, offset or word of the file's class. */
static void put_word(struct writer *w, uint64_t value)
{
	put(w, value, w->file->is_32 ? 4 : 8);
}

static void put_segment(struct writer *w, unsigned type, uint64_t at, uint64_t len)
{
	put(w, type, 4);
	if (!w->file->is_32)
		put(w, PF_R, 4);
	put_word(w, at);
	put_word(w, BASE + at);
	put_word(w, BASE + at);
	put_word(w, len);
	put_word(w, len);
	if (w->file->is_32)
		put(w, PF_R, 4);
	put_word(w, 1);
}

static void put_section(struct writer *w, unsigned type, uint64_t at, uint64_t len,
			unsigned link, uint64_t one)
{
	put(w, 0, 4);
	put(w, type, 4);
	put_word(w, SHF_ALLOC);
	put_word(w, BASE + at);
	put_word(w, at);
	put_word(w, len);
	put(w, link, 4);
	put(w, 0, 4);
	put_word(w, 8);
	put_word(w, one);
}

static void put_header(struct writer *w, unsigned segments, unsigned sections)
{
	bool is_32 = w->file->is_32;

	memcpy(w->out, ELFMAG, SELFMAG);
	w->out[EI_CLASS] = is_32 ? ELFCLASS32 : ELFCLASS64;
	w->out[EI_DATA] = w->file->is_big ? ELFDATA2MSB : ELFDATA2LSB;
	w->out[EI_VERSION] = EV_CURRENT;
	w->at = EI_NIDENT;
	put(w, ET_DYN, 2);
	put(w, w->file->machine ? w->file->machine : EM_X86_64, 2);
	put(w, EV_CURRENT, 4);
	put_word(w, 0);
	put_word(w, segments ? (is_32 ? 52 : 64) : 0);
	put_word(w, sections ? SECTIONS_AT : 0);
	put(w, 0, 4);
	put(w, is_32 ? 52 : 64, 2);
	put(w, is_32 ? 32 : 56, 2);
	put(w, segments, 2);
	put(w, is_32 ? 40 : 64, 2);
	put(w, sections, 2);
	put(w, 0, 2);
}

/* Add a text to the table at TEXT_AT; its offset in it. */
static size_t add_text(struct writer *w, size_t *len, struct mel_slice text)
{
	size_t at = *len;

	cr_assert_lt(TEXT_AT + at + text.len + 1, DYNAMIC_AT);
	memcpy(w->out + TEXT_AT + at, text.ptr, text.len);
	*len += text.len + 1;
	return at;
}

static void put_dynamic(struct writer *w, uint64_t tag, uint64_t value)
{
	put_word(w, tag);
	put_word(w, value);
}

size_t elf_file_make(const struct elf_file *file, unsigned char out[ELF_FILE_BYTES])
{
	struct writer w = { file, out, 0 };
	size_t text_len = 1, interp_at = 0;
	struct mel_slice rest = mel_slice_of(file->needed ? file->needed : ""), name;
	bool is_dynamic = file->needed || file->soname;
	unsigned segments = (file->interp ? 1 : 0) + 1 + is_dynamic;

	memset(out, 0, ELF_FILE_BYTES);
	if (file->without_segments)
		segments = 0;
	put_header(&w, segments, file->without_sections || !is_dynamic ? 0 : 3);
	w.at = DYNAMIC_AT;
	while (mel_slice_word(&rest, " ", &name))
		put_dynamic(&w, DT_NEEDED, add_text(&w, &text_len, name));
	if (file->soname)
		put_dynamic(&w, DT_SONAME, add_text(&w, &text_len, mel_slice_of(file->soname)));
	if (file->interp)
		interp_at = TEXT_AT + add_text(&w, &text_len, mel_slice_of(file->interp));
	put_dynamic(&w, DT_STRTAB, BASE + TEXT_AT);
	put_dynamic(&w, DT_STRSZ, text_len);
	put_dynamic(&w, DT_NULL, 0);

	size_t dynamic_len = w.at - DYNAMIC_AT;

	cr_assert_leq(w.at, SECTIONS_AT);
	w.at = file->is_32 ? 52 : 64;
	if (segments) {
		if (file->interp)
			put_segment(&w, PT_INTERP, interp_at, strlen(file->interp) + 1);
		put_segment(&w, PT_LOAD, 0, SECTIONS_AT);
		if (is_dynamic)
			put_segment(&w, PT_DYNAMIC, DYNAMIC_AT, dynamic_len);
	}
	cr_assert_leq(w.at, TEXT_AT);
	if (file->without_sections || !is_dynamic)
		return SECTIONS_AT;
	w.at = SECTIONS_AT + (file->is_32 ? 40 : 64);
	put_section(&w, SHT_STRTAB, TEXT_AT, text_len, 0, 0);
	put_section(&w, SHT_DYNAMIC, DYNAMIC_AT, dynamic_len, 1, file->is_32 ? 8 : 16);
	return w.at;
}
