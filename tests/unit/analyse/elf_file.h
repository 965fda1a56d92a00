/* Small ELF files for tests, written field by field: what a linker would make, without code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct elf_file {
	bool is_32, is_big;
	bool without_sections; /* as after `sstrip`: program headers only */
	bool without_segments; /* the dynamic section can only be found by its header */
	unsigned machine;      /* 0: x86-64 */
	const char *interp;    /* NULL: none */
	const char *needed;    /* names between blanks, NULL: none */
	const char *soname;    /* NULL: none */
};

enum { ELF_FILE_BYTES = 4096 };

/* The file's bytes into out; its length. */
size_t elf_file_make(const struct elf_file *file, unsigned char out[ELF_FILE_BYTES]);
