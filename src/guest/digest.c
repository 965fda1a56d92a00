/*
 * digest.c - digests of files, and the verb `verify`.
 */
#include "guest/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "guest/helper.h"
#include "guest/util.h"

static const struct mel_digest_kind kinds[MEL_DIGEST_KINDS] = {
	[MEL_DIGEST_SHA256] = { "sha256", 32 },
	[MEL_DIGEST_SHA512] = { "sha512", 64 },
};

const struct mel_digest_kind *mel_digest_kind_at(unsigned index)
{
	return &kinds[index];
}

bool mel_digest_is_hex(const struct mel_digest_kind *kind, const char *hex)
{
	size_t len = strspn(hex, "0123456789abcdefABCDEF");

	return hex[len] == '\0' && len == (size_t)2 * kind->byte_count;
}

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

int mel_digest_read(int fd, int copy_fd, const char *const want[MEL_DIGEST_KINDS],
		    char hex[MEL_DIGEST_KINDS][MEL_SHA2_MAX_HEX])
{
	static const size_t chunk = (size_t)64 * 1024;
	MEL_HELPER_FREE unsigned char *bytes = mel_helper_grow(NULL, chunk);
	struct mel_sha2 sha[MEL_DIGEST_KINDS];
	ssize_t len;

	for (unsigned k = 0; k < MEL_DIGEST_KINDS; k++)
		mel_sha2_init(&sha[k], kinds[k].byte_count);
	while ((len = read(fd, bytes, chunk)) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 || (copy_fd >= 0 && write_all(copy_fd, bytes, (size_t)len) < 0))
			return -1;
		for (unsigned k = 0; k < MEL_DIGEST_KINDS; k++)
			if (want[k] && *want[k])
				mel_sha2_update(&sha[k], bytes, (size_t)len);
	}
	for (unsigned k = 0; k < MEL_DIGEST_KINDS; k++)
		if (want[k] && *want[k])
			mel_sha2_final(&sha[k], hex[k]);
	return 0;
}

int mel_helper_verify(int argc, char **argv)
{
	char hex[MEL_DIGEST_KINDS][MEL_SHA2_MAX_HEX];
	const char *want[MEL_DIGEST_KINDS] = { NULL };
	MEL_HELPER_CLOSE int fd = -1;
	unsigned k = 0;

	if (argc != 3)
		return mel_helper_fail("usage: helper verify FILE sha256|sha512 HEX");
	while (k < MEL_DIGEST_KINDS && strcmp(kinds[k].name, argv[1]) != 0)
		k++;
	if (k == MEL_DIGEST_KINDS || !mel_digest_is_hex(&kinds[k], argv[2]))
		return mel_helper_fail("verify: '%s' is not a digest of kind '%s'", argv[2],
				       argv[1]);
	want[k] = argv[2];
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || mel_digest_read(fd, -1, want, hex) < 0)
		return mel_helper_fail_errno("verify: cannot read '%s'", argv[0]);
	if (strcasecmp(hex[k], want[k]) != 0)
		return mel_helper_fail("verify: '%s' has %s %s, not %s", argv[0], argv[1],
				       hex[k], want[k]);
	return 0;
}
