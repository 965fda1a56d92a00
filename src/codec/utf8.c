/* Decoding UTF-8: see utf8.h. */
#include "codec/utf8.h"

size_t mel_utf8_decode(struct mel_slice s, unsigned *code)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = s.len ? (unsigned char)s.ptr[0] : 0xff;
	size_t len = first < 0x80   ? 1
		     : first < 0xc0 ? 0
		     : first < 0xe0 ? 2
		     : first < 0xf0 ? 3
				    : 4;
	unsigned value = len == 1 ? first : first & (0x7fu >> len);

	if (len == 0 || first > 0xf4 || s.len < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)s.ptr[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (next & 0x3f);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code = value;
	return len;
}
