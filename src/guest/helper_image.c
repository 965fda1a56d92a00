/*
 * helper_image.c - takes the built helper into the read-only data of this program. The path is
 * relative to the top of the build tree, where make runs every compiler.
 */
#include "guest/helper_image.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	".globl mel_helper_image\n"
	".hidden mel_helper_image\n"
	".type mel_helper_image, %object\n"
	"mel_helper_image:\n"
	".incbin \"src/guest/helper\"\n"
	".Lmel_helper_image_end:\n"
	".size mel_helper_image, .Lmel_helper_image_end - mel_helper_image\n"
	".balign 8\n"
	".globl mel_helper_image_len\n"
	".hidden mel_helper_image_len\n"
	".type mel_helper_image_len, %object\n"
	"mel_helper_image_len:\n"
	".dc.a .Lmel_helper_image_end - mel_helper_image\n"
	".size mel_helper_image_len, . - mel_helper_image_len\n"
	".previous\n");
