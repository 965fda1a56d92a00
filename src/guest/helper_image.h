/*
 * helper_image.h - the guest's helper (helper.h) as the bytes of a static ELF program, part of
 * this program, so that nothing has to be installed beside it.
 */
#pragma once

#include <stddef.h>

extern const unsigned char mel_helper_image[]; /* mel_helper_image_len bytes */
extern const size_t mel_helper_image_len;
