/*
 * The init program as bytes. The assembler finds the file from the build's top directory.
 */
#include "sandbox/internal.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	".globl sbx_init_image\n"
	".hidden sbx_init_image\n"
	".type sbx_init_image, %object\n"
	"sbx_init_image:\n"
	".incbin \"" SBX_INIT_FILE "\"\n"
	".globl sbx_init_image_end\n"
	".hidden sbx_init_image_end\n"
	"sbx_init_image_end:\n"
	".byte 0\n"
	".size sbx_init_image, sbx_init_image_end - sbx_init_image\n"
	".previous\n");
