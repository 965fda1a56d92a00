#include "tests/unit/apk/acme.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

static const unsigned char net_bind[] = { 1, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0,
					  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static const struct {
	const char *name;
	enum mel_tar_type type;
	uint32_t mode;
	const char *content; /* or link target */
	bool has_capability;
} acme[] = {
	{ "etc", MEL_TAR_DIR, 0755, NULL, false },
	{ "etc/acme.conf", MEL_TAR_FILE, 0644, "level=3\n", false },
	{ "usr", MEL_TAR_DIR, 0755, NULL, false },
	{ "usr/bin", MEL_TAR_DIR, 0755, NULL, false },
	{ "usr/bin/acme", MEL_TAR_FILE, 0755, "#!/bin/sh\necho hello from acme\n", true },
	{ "usr/bin/acme-cli", MEL_TAR_SYMLINK, 0777, "acme", false },
	{ "usr/share", MEL_TAR_DIR, 0755, NULL, false },
	{ "usr/share/acme", MEL_TAR_DIR, 0755, NULL, false },
	{ "usr/share/acme/empty", MEL_TAR_FILE, 0644, "", false },
	{ "var", MEL_TAR_DIR, 0755, NULL, false },
	{ "var/lib", MEL_TAR_DIR, 0755, NULL, false },
	{ "var/lib/db", MEL_TAR_DIR, 0755, NULL, false },
	{ "var/lib/db/sbom", MEL_TAR_DIR, 0755, NULL, false },
	{ "var/lib/db/sbom/acme-1.4.2-r3.spdx.json", MEL_TAR_FILE, 0644, "{}\n", false },
};

int acme_file(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	cr_assert(fd >= 0);
	return fd;
}

static void add_file(struct mel_package_data *data, const struct mel_tar_entry *entry,
		     const char *content)
{
	MEL_AUTO_CLOSE int fd = acme_file();
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_write_full(fd, content, strlen(content)), 0);
	cr_assert_eq(mel_package_data_file(data, entry, fd, NULL, &err), 0, "%s",
		     err ? err->text : "");
}

void acme_data(int fd, struct mel_package_data_sum *sum)
{
	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const struct mel_xattr capability = { "security.capability",
					      { (const char *)net_bind, sizeof(net_bind) } };

	mel_package_data_begin(&data, fd);
	for (size_t i = 0; i < MEL_COUNTOF(acme); i++) {
		const struct mel_tar_entry entry = {
			.name = acme[i].name,
			.type = acme[i].type,
			.mode = acme[i].mode,
			.uname = "root",
			.gname = "root",
			.mtime = ACME_EPOCH,
			.linkname = acme[i].type == MEL_TAR_SYMLINK ? acme[i].content : NULL,
			.xattr = &capability,
			.xattr_len = acme[i].has_capability,
		};

		if (entry.type == MEL_TAR_FILE)
			add_file(data, &entry, acme[i].content);
		else
			mel_package_data_entry(data, &entry);
	}
	cr_assert_eq(mel_package_data_end(data, sum, &err), 0, "%s", err ? err->text : "");
}

static const char *const licenses[] = { "MIT", "BSD-3-Clause" };
static const char *const depends[] = { "acme-data", "so:libc.so.6" };
static const char *const provides[] = { "cmd:acme=1.4.2-r3" };
static const char *const replaces[] = { "old-acme" };
static const char *const vendored[] = { "so:libinner.so=0" };
static const char *const triggers[] = { "/usr/lib/acme.d", "/usr/share/acme.d" };
#define LIST(array)                                                                            \
	{                                                                                      \
		array, MEL_COUNTOF(array)                                                      \
	}

void acme_spec(struct mel_package_spec *spec, struct mel_pkginfo *info)
{
	*info = (struct mel_pkginfo){
		.name = "acme",
		.version = "1.4.2-r3",
		.arch = "x86_64",
		.size = 41006,
		.origin = "acme",
		.description = "Example widget daemon",
		.url = "https://acme.example",
		.commit = "0123456789abcdef0123456789abcdef01234567",
		.maintainer = "acme",
		.builddate = ACME_EPOCH,
		.license = LIST(licenses),
		.depend = LIST(depends),
		.provides = LIST(provides),
		.replaces = LIST(replaces),
		.vendored = LIST(vendored),
		.provider_priority = "10",
		.trigger = LIST(triggers),
		.datahash = ACME_DATAHASH,
	};
	*spec = (struct mel_package_spec){
		.info = info,
		.melange_yaml = mel_slice_of("package:\n  name: acme\n"),
		.script = {
			[MEL_SCRIPT_POST_INSTALL] = "#!/bin/sh\nexit 0\n",
			[MEL_SCRIPT_TRIGGER] = "#!/bin/sh\nacme refresh \"$@\"\n",
		},
		.mtime = ACME_EPOCH,
	};
}

void acme_assert_sha256(struct mel_slice bytes, const char *want)
{
	unsigned char sum[MEL_SHA256_BYTES];
	char hex[2 * MEL_SHA256_BYTES + 1];

	mel_digest_of(MEL_SHA256, bytes, sum);
	mel_hex(hex, sum, sizeof(sum));
	cr_assert_str_eq(hex, want);
}

struct mel_slice acme_signature(void)
{
	static char bytes[512];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i & 255);
	return mel_slice_make(bytes, sizeof(bytes));
}
