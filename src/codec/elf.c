/*
 * ELF facts by libelf: see elf.h. libelf finds headers and converts byte order; texts are read
 * from the file by ourselves, so that a size in a hostile header never becomes an allocation.
 */
#include "codec/elf.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/vec.h"

/* The dynamic entries and the place of their texts in the file. */
struct dynamic {
	Elf_Data *data;
	size_t len;
	uint64_t text_at, text_bytes;
};

struct file {
	int fd;
	Elf *elf;
	struct mel_elf *out;
};

/* A text at offset at, ending before limit (an offset too) with a NUL; NULL if it does not. */
static const char *read_text(struct file *f, uint64_t at, uint64_t limit)
{
	char text[MEL_ELF_MAX_NAME_BYTES];
	uint64_t len = limit > at ? limit - at : 0;

	if (at > INT64_MAX)
		return NULL;

	ssize_t got = pread(f->fd, text, len < sizeof(text) ? len : sizeof(text), (off_t)at);

	if (got <= 0 || !memchr(text, '\0', (size_t)got))
		return NULL;
	return mel_arena_strdup(&f->out->arena, text);
}

/* The interpreter: the first segment of its kind; NULs around the name do not count. */
static void read_interp(struct file *f, size_t phdr_len)
{
	char text[MEL_ELF_MAX_NAME_BYTES];
	GElf_Phdr phdr;
	size_t start = 0;

	for (size_t i = 0; i < phdr_len; i++) {
		if (!gelf_getphdr(f->elf, (int)i, &phdr) || phdr.p_type != PT_INTERP)
			continue;
		if (phdr.p_filesz >= sizeof(text) || phdr.p_offset > INT64_MAX)
			return;

		ssize_t got = pread(f->fd, text, phdr.p_filesz, (off_t)phdr.p_offset);

		if (got < (ssize_t)phdr.p_filesz)
			return;
		text[got] = '\0';
		while (start < (size_t)got && text[start] == '\0')
			start++;
		if (text[start])
			f->out->interp = mel_arena_strdup(&f->out->arena, text + start);
		return;
	}
}

static bool load_entries(struct file *f, struct dynamic *dyn, uint64_t at, uint64_t bytes)
{
	size_t one = gelf_fsize(f->elf, ELF_T_DYN, 1, EV_CURRENT);
	uint64_t most = (uint64_t)MEL_ELF_MAX_DYNAMIC * one;

	if (one == 0 || at > INT64_MAX)
		return false;
	bytes = bytes < most ? bytes / one * one : most;
	dyn->data = bytes ? elf_getdata_rawchunk(f->elf, (int64_t)at, bytes, ELF_T_DYN) : NULL;
	dyn->len = bytes / one;
	return dyn->data != NULL;
}

/* By the section, as linkers do. -1: there is no such section; 0: there is but it is bad. */
static int find_by_section(struct file *f, struct dynamic *dyn)
{
	GElf_Shdr shdr, text;
	Elf_Scn *scn = NULL, *link;

	while ((scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_DYNAMIC)
			continue;
		link = elf_getscn(f->elf, shdr.sh_link);
		if (!link || !gelf_getshdr(link, &text) || text.sh_type != SHT_STRTAB)
			return 0;
		dyn->text_at = text.sh_offset;
		dyn->text_bytes = text.sh_size;
		return load_entries(f, dyn, shdr.sh_offset, shdr.sh_size);
	}
	return -1;
}

/* Where the byte at a virtual address is in the file. */
static bool file_offset(struct file *f, size_t phdr_len, uint64_t addr, uint64_t *out)
{
	GElf_Phdr phdr;

	for (size_t i = 0; i < phdr_len; i++)
		if (gelf_getphdr(f->elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    addr >= phdr.p_vaddr && addr - phdr.p_vaddr < phdr.p_filesz)
			return !__builtin_add_overflow(phdr.p_offset, addr - phdr.p_vaddr, out);
	return false;
}

/* By the segment, as the loader does; for files whose section headers were removed. */
static int find_by_segment(struct file *f, struct dynamic *dyn, size_t phdr_len)
{
	GElf_Phdr phdr;
	GElf_Dyn entry;
	size_t at = 0;
	uint64_t addr = 0;
	bool has_addr = false;

	while (at < phdr_len &&
	       (!gelf_getphdr(f->elf, (int)at, &phdr) || phdr.p_type != PT_DYNAMIC))
		at++;
	if (at == phdr_len || !load_entries(f, dyn, phdr.p_offset, phdr.p_filesz))
		return 0;
	for (size_t i = 0; i < dyn->len && gelf_getdyn(dyn->data, (int)i, &entry); i++) {
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB) {
			addr = entry.d_un.d_ptr;
			has_addr = true;
		}
		if (entry.d_tag == DT_STRSZ)
			dyn->text_bytes = entry.d_un.d_val;
	}
	return has_addr && file_offset(f, phdr_len, addr, &dyn->text_at);
}

/* All texts with this tag. */
static const char **read_names(struct file *f, const struct dynamic *dyn, int64_t tag,
			       size_t *len)
{
	MEL_VEC(const char *) name = { 0 };
	GElf_Dyn entry;
	uint64_t at, limit;

	if (__builtin_add_overflow(dyn->text_at, dyn->text_bytes, &limit))
		return NULL;
	for (size_t i = 0; i < dyn->len && gelf_getdyn(dyn->data, (int)i, &entry); i++) {
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != tag ||
		    __builtin_add_overflow(dyn->text_at, entry.d_un.d_val, &at))
			continue;

		const char *text = read_text(f, at, limit);

		if (text && text[0])
			mel_vec_push(&name, text);
	}

	const char **copy = mel_arena_array(&f->out->arena, name.len + 1, sizeof(*copy));

	if (name.len)
		memcpy(copy, name.at, name.len * sizeof(*copy));
	*len = name.len;
	mel_vec_clear(&name);
	return copy;
}

static void read_dynamic(struct file *f, size_t phdr_len)
{
	struct dynamic dyn = { 0 };
	int found = find_by_section(f, &dyn);

	if (found < 0) {
		dyn = (struct dynamic){ 0 };
		found = find_by_segment(f, &dyn, phdr_len);
	}
	if (found <= 0)
		return;
	f->out->needed = read_names(f, &dyn, DT_NEEDED, &f->out->needed_len);
	f->out->soname = read_names(f, &dyn, DT_SONAME, &f->out->soname_len);
}

static void read_parts(struct file *f)
{
	struct mel_elf *out = f->out;
	GElf_Ehdr ehdr;
	size_t phdr_len = 0;

	if (elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &ehdr) ||
	    ehdr.e_ident[EI_VERSION] != EV_CURRENT || ehdr.e_version != EV_CURRENT)
		return;
	out->is_elf = true;
	out->is_64 = ehdr.e_ident[EI_CLASS] == ELFCLASS64;
	out->machine = ehdr.e_machine;
	out->type = ehdr.e_type;
	if (elf_getphdrnum(f->elf, &phdr_len) < 0)
		phdr_len = 0;
	read_interp(f, phdr_len);
	read_dynamic(f, phdr_len);
}

int mel_elf_read(struct mel_elf *out, int fd, struct mel_err **err)
{
	struct file f = { .fd = fd, .out = out };
	char magic[SELFMAG];
	ssize_t got = pread(fd, magic, sizeof(magic), 0);

	*out = (struct mel_elf){ 0 };
	if (got < 0)
		return mel_err_sys(err, "cannot read the file's first bytes");
	if (got < (ssize_t)sizeof(magic) || memcmp(magic, ELFMAG, SELFMAG) != 0 ||
	    elf_version(EV_CURRENT) == EV_NONE)
		return 0;
	f.elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!f.elf)
		return 0;
	read_parts(&f);
	elf_end(f.elf);
	return 0;
}

void mel_elf_clear(struct mel_elf *elf)
{
	mel_arena_clear(&elf->arena);
	*elf = (struct mel_elf){ 0 };
}
