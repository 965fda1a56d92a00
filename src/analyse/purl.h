/*
 * Package URLs: the two ways of escaping in them. Everything outside the sets is written as %XX
 * in upper case, byte by byte. Source: the package-url specification, RFC 3986.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/* A name, version, or one segment of namespace or subpath; '/' is escaped. */
void mel_purl_segment(struct mel_buf *out, struct mel_slice text);
/* Segments between slashes; empty ones are dropped. */
void mel_purl_path(struct mel_buf *out, struct mel_slice text);
/* The value of a qualifier. */
void mel_purl_value(struct mel_buf *out, struct mel_slice text);

struct mel_purl_qualifier {
	const char *key;
	const char *value; /* NULL or "": left out */
};

/* "pkg:TYPE/NAMESPACE/NAME@VERSION?KEY=VALUE…#SUBPATH"; parts that are NULL or "" are left out.
 * Qualifiers come in the order given, which has to be that of their keys. */
struct mel_purl {
	const char *type, *name_space, *name, *version, *subpath;
	struct mel_purl_qualifier qualifier[2];
};

void mel_purl_format(struct mel_buf *out, const struct mel_purl *purl);
