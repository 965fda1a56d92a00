/* The table of built-in definitions and the image of the guest's helper. */
#include "pipelines/builtin.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "guest/helper_image.h"

Test(builtin, sorted_and_found, .timeout = 5)
{
	cr_assert_gt(mel_builtin_count(), 0);
	cr_assert_null(mel_builtin_at(mel_builtin_count()));
	for (size_t i = 0; i < mel_builtin_count(); i++) {
		const struct mel_builtin *builtin = mel_builtin_at(i);

		cr_assert_eq(mel_builtin_find(builtin->name), builtin, "%s", builtin->name);
		cr_assert_eq(builtin->len, strlen(builtin->text), "%s", builtin->name);
		if (i > 0)
			cr_assert_lt(strcmp(mel_builtin_at(i - 1)->name, builtin->name), 0);
	}
}

Test(builtin, unknown, .timeout = 5)
{
	cr_assert_null(mel_builtin_find(""));
	cr_assert_null(mel_builtin_find("autoconf"));
	cr_assert_null(mel_builtin_find("fetch.yaml"));
	cr_assert_not_null(mel_builtin_find("autoconf/make"));
}

/* A static program: an ELF file that names no interpreter. */
Test(builtin, helper_is_static, .timeout = 5)
{
	Elf64_Ehdr header;

	cr_assert_gt(mel_helper_image_len, sizeof(header));
	memcpy(&header, mel_helper_image, sizeof(header));
	cr_assert_eq(memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
	if (header.e_ident[EI_CLASS] != ELFCLASS64)
		return;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, mel_helper_image + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		cr_assert_neq(segment.p_type, PT_INTERP);
	}
}
