/*
 * The software bill of materials that lies in each package: one SPDX 2.3 document as JSON. It
 * depends on its input alone. Source: SPDX specification 2.3, package-url specification, CPE
 * naming specification 2.3 (NISTIR 7695).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyse/license.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/model.h"

/* All texts are borrowed; NULL and "" both mean "not given" unless said. */
struct mel_sbom_input {
	const struct mel_config *config;         /* compiled */
	const struct mel_subpackage *subpackage; /* the package described; NULL: the main one */
	const char *arch;                        /* apk name; never NULL */
	const char *name_space;                  /* distribution; "unknown" when not given */
	int64_t created;                         /* seconds since 1970 */
	const char *tool_version;
	const char *document_prefix; /* of the document's name; MEL_SBOM_PREFIX if not given */
	const char *config_path;     /* the build file, as recorded */
	const char *config_license;  /* its own, as --license says */
	const char *commit, *repo_url;         /* where the build file is from */
	const struct mel_license_texts *texts; /* NULL: none */
};

#define MEL_SBOM_PREFIX "https://spdx.org/spdxdocs/melange/"

/*
 * Append the document, with a final line feed, to out. Errors: INPUT (a source without a name,
 * a repository URL or build file path that no package URL can hold), LIMIT (out is full).
 */
int mel_sbom_write(struct mel_buf *out, const struct mel_sbom_input *in, struct mel_err **err);
/* "var/lib/db/sbom/NAME-FULLVERSION.spdx.json", where the document lies; the caller frees. */
char *mel_sbom_path(const char *name, const char *full_version);

/* FNV-1a of 128 bits as 32 hex digits and a NUL. */
void mel_fnv128_hex(const char *text, char out[33]);
