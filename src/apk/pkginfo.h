/*
 * .PKGINFO, the text that describes a package: "key = value" lines, '#' at the start of a line
 * is a comment. Writing gives the fixed order of lines; reading takes values verbatim, as apk
 * does. Source: apk-package(5), docs/formats.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Borrowed texts. */
struct mel_pkginfo_list {
	const char *const *at;
	size_t len;
};

/* Texts are borrowed (after parsing: from the arena). NULL counts as "". */
struct mel_pkginfo {
	const char *name;
	const char *version; /* with the revision: "1.4.2-r3" */
	const char *arch;    /* apk's name of it */
	uint64_t size;       /* installed, bytes */
	const char *origin, *description, *url, *commit;
	const char *maintainer; /* "": no line */
	int64_t builddate;      /* seconds since 1970; 0: no line */
	struct mel_pkginfo_list license, depend, provides, replaces, vendored;
	struct mel_pkginfo_list install_if;                /* only ever read */
	const char *provider_priority, *replaces_priority; /* digits as given; "": no line */
	struct mel_pkginfo_list trigger;                   /* paths */
	const char *datahash; /* hex SHA-256 of the compressed data section */
};

enum { MEL_PKGINFO_MAX_BYTES = 10 * 1024 * 1024 };

/*
 * Append the whole text to out. Runs of CR, LF and NUL in a value become one space, so that no
 * value can forge a line. Errors: INPUT, a control character in a name, version or dependency.
 */
int mel_pkginfo_write(const struct mel_pkginfo *info, struct mel_buf *out,
		      struct mel_err **err);
/*
 * Read text, whose values are copied to arena; out is filled from empty. Lines without " = "
 * and unknown keys are passed over, of a repeated scalar key the first one counts. Dependencies
 * are split at white space. Errors: INPUT (no name or version, a bad number), LIMIT.
 */
int mel_pkginfo_parse(struct mel_pkginfo *out, struct mel_slice text, struct mel_arena *arena,
		      struct mel_err **err);
