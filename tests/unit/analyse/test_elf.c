/* Facts about ELF files, sound and hostile. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "codec/elf.h"
#include "elf_file.h"

static int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(mel_write_full(fd, bytes, len), 0);
	return fd;
}

static const struct {
	const char *name;
	struct elf_file file;
} cases[] = {
	{ "64 bit little",
	  { .interp = "/lib64/ld.so.2",
	    .needed = "liba.so.1 libb.so",
	    .soname = "libx.so.3" } },
	{ "32 bit little",
	  { .is_32 = true,
	    .machine = EM_386,
	    .interp = "/lib/ld.so",
	    .needed = "liba.so.1",
	    .soname = "libx.so.3" } },
	{ "64 bit big",
	  { .is_big = true,
	    .machine = EM_S390,
	    .needed = "liba.so.1",
	    .soname = "libx.so.3" } },
	{ "32 bit big",
	  { .is_32 = true,
	    .is_big = true,
	    .machine = EM_PPC,
	    .needed = "liba.so.1",
	    .soname = "libx.so.3" } },
	{ "no section headers",
	  { .without_sections = true,
	    .needed = "liba.so.1 libb.so.2",
	    .soname = "libx.so.3" } },
	{ "32 bit big, no section headers",
	  { .is_32 = true,
	    .is_big = true,
	    .without_sections = true,
	    .machine = EM_MIPS,
	    .needed = "liba.so.1" } },
	{ "no program headers",
	  { .without_segments = true, .needed = "liba.so.1", .soname = "libx.so.3" } },
	{ "static", { .machine = EM_AARCH64 } },
};

ParameterizedTestParameters(elf, facts)
{
	static size_t index[MEL_COUNTOF(cases)];

	for (size_t i = 0; i < MEL_COUNTOF(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, elf, facts, .timeout = 10)
{
	const struct elf_file *want = &cases[*i].file;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_elf elf MEL_AUTO_ELF = { 0 };
	unsigned char bytes[ELF_FILE_BYTES];
	size_t len = elf_file_make(want, bytes);
	MEL_AUTO_CLOSE int fd = file_of(bytes, len);
	char needed[256] = "";

	cr_assert_eq(mel_elf_read(&elf, fd, &err), 0);
	cr_assert(elf.is_elf);
	cr_assert_eq(elf.is_64, !want->is_32);
	cr_assert_eq(elf.machine, want->machine ? want->machine : EM_X86_64);
	cr_assert_eq(elf.type, ET_DYN);
	cr_assert_eq(!elf.interp, !want->interp);
	if (want->interp)
		cr_assert_str_eq(elf.interp, want->interp);
	for (size_t n = 0; n < elf.needed_len; n++)
		snprintf(needed + strlen(needed), sizeof(needed) - strlen(needed), "%s%s",
			 n ? " " : "", elf.needed[n]);
	cr_assert_str_eq(needed, want->needed ? want->needed : "");
	cr_assert_eq(elf.soname_len, want->soname ? 1 : 0);
	if (want->soname)
		cr_assert_str_eq(elf.soname[0], want->soname);
}

Test(elf, this_program, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_elf elf MEL_AUTO_ELF = { 0 };
	MEL_AUTO_CLOSE int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool has_libc = false;

	cr_assert_eq(mel_elf_read(&elf, fd, &err), 0);
	cr_assert(elf.is_elf);
	cr_assert(elf.interp && elf.interp[0] == '/');
	cr_assert_eq(elf.soname_len, 0);
	for (size_t i = 0; i < elf.needed_len; i++)
		has_libc |= strncmp(elf.needed[i], "libc.", 5) == 0;
	cr_assert(has_libc);
}

static const struct {
	const char *name, *bytes;
	size_t len;
} not_elf[] = {
	{ "empty", "", 0 },
	{ "text", "#!/bin/sh\n", 10 },
	{ "magic alone", "\177ELF", 4 },
	{ "magic and words",
	  "\177ELF and no more than words behind it, many of them, so that "
	  "there is room for a header",
	  84 },
	{ "unknown class", "\177ELF\3\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0\1\0\0\0", 24 },
};

ParameterizedTestParameters(elf, other_files)
{
	static size_t index[MEL_COUNTOF(not_elf)];

	for (size_t i = 0; i < MEL_COUNTOF(not_elf); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(not_elf));
}

ParameterizedTest(const size_t *i, elf, other_files, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_elf elf MEL_AUTO_ELF = { 0 };
	MEL_AUTO_CLOSE int fd = file_of(not_elf[*i].bytes, not_elf[*i].len);

	cr_assert_eq(mel_elf_read(&elf, fd, &err), 0);
	cr_assert_not(elf.is_elf, "%s", not_elf[*i].name);
}

/* Reading may find anything or nothing, but ends without a crash and within its limits. */
static void read_anything(int fd)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_elf elf MEL_AUTO_ELF = { 0 };

	cr_assert_eq(mel_elf_read(&elf, fd, &err), 0);
	cr_assert_leq(elf.needed_len, (size_t)MEL_ELF_MAX_DYNAMIC);
}

Test(elf, cut_anywhere, .timeout = 60)
{
	const struct elf_file file = { .interp = "/lib/ld.so",
				       .needed = "liba.so.1",
				       .soname = "libx.so.3" };
	unsigned char bytes[ELF_FILE_BYTES];
	size_t len = elf_file_make(&file, bytes);
	MEL_AUTO_CLOSE int fd = file_of(bytes, len);

	while (len) {
		len -= len > 300 ? 7 : 1;
		cr_assert_eq(ftruncate(fd, (off_t)len), 0);
		read_anything(fd);
	}
}

Test(elf, changed_anywhere, .timeout = 60)
{
	static const unsigned char odd[] = { 1, 0x80, 0xff };
	unsigned char bytes[ELF_FILE_BYTES];

	for (size_t c = 0; c < MEL_COUNTOF(cases); c++) {
		size_t len = elf_file_make(&cases[c].file, bytes);
		MEL_AUTO_CLOSE int fd = file_of(bytes, len);

		for (size_t at = EI_CLASS; at < len; at++) {
			/* The parts that mean something; zeros in between stay. */
			if (!bytes[at] && at > 512 && at % 16)
				continue;
			for (size_t v = 0; v < sizeof(odd); v++) {
				cr_assert_eq(pwrite(fd, &odd[v], 1, (off_t)at), 1);
				read_anything(fd);
			}
			cr_assert_eq(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
		}
	}
}
