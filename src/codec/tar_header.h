/*
 * The 512-byte header block that reader and writer share. Numbers are octal digits with a NUL
 * (or space) behind them, texts end at a NUL or fill their field.
 *
 *     0 name      100 mode     108 uid       116 gid     124 size   136 mtime
 *   148 chksum    156 typeflag 157 linkname  257 magic   263 version
 *   265 uname     297 gname    329 devmajor  337 devminor 345 prefix 500 unused
 *
 * Source: POSIX.1-2017, pax(1), "ustar Interchange Format".
 */
#pragma once

#include <assert.h>

enum {
	MEL_TAR_BLOCK_BYTES = 512,
	MEL_USTAR_NAME_BYTES = 100,
	MEL_USTAR_LINK_BYTES = 100,
	MEL_USTAR_OWNER_BYTES = 32,
	MEL_USTAR_PREFIX_BYTES = 155,
};

/* The pax keys apk knows beside the standard ones. */
#define MEL_TAR_SHA1_KEY     "APK-TOOLS.checksum.SHA1"
#define MEL_TAR_XATTR_PREFIX "SCHILY.xattr."

struct mel_ustar {
	char name[MEL_USTAR_NAME_BYTES];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char chksum[8]; /* sum of all header bytes, these eight taken as spaces */
	char typeflag;
	char linkname[MEL_USTAR_LINK_BYTES];
	char magic[6];
	char version[2];
	char uname[MEL_USTAR_OWNER_BYTES];
	char gname[MEL_USTAR_OWNER_BYTES];
	char devmajor[8];
	char devminor[8];
	char prefix[MEL_USTAR_PREFIX_BYTES];
	char unused[12];
};
static_assert(sizeof(struct mel_ustar) == MEL_TAR_BLOCK_BYTES, "a header is one block");
