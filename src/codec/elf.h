/*
 * The few facts about an ELF file that packages depend on: what kind it is, its interpreter,
 * what it needs and what it calls itself. Files are hostile; every count is limited. libelf is
 * used nowhere else. Sources: elf(5), System V gABI "Dynamic Section".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
	MEL_ELF_MAX_DYNAMIC = 65536,   /* entries looked at */
	MEL_ELF_MAX_NAME_BYTES = 4096, /* of a name or the interpreter */
};

struct mel_elf {
	bool is_elf; /* false: everything else is empty */
	bool is_64;
	uint16_t machine;   /* EM_X86_64, … */
	uint16_t type;      /* ET_EXEC, ET_DYN, … */
	const char *interp; /* NULL if none (or empty) */
	const char **needed;
	size_t needed_len;
	const char **soname; /* more than one only in odd files */
	size_t soname_len;
	struct mel_arena arena; /* the texts */
};

/*
 * Look at the regular file fd (borrowed; its offset does not matter). Anything that is not a
 * sound ELF header gives is_elf false; broken parts behind it are as if they were not there.
 * Errors: SYSTEM (read).
 */
int mel_elf_read(struct mel_elf *out, int fd, struct mel_err **err);
void mel_elf_clear(struct mel_elf *elf);
#define MEL_AUTO_ELF __attribute__((cleanup(mel_elf_clear)))
