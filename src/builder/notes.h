/*
 * Files in the workspace that make compilers stamp every linked object with the package it
 * belongs to. Source: ELF package metadata note, systemd.io/ELF_PACKAGE_METADATA.
 */
#pragma once

#include "base/err.h"

struct mel_notes {
	const char *os;      /* distribution: the namespace */
	const char *name;    /* main package */
	const char *version; /* full version */
	const char *arch;    /* apk name */
	const char *cpe;     /* CPE string or NULL */
};

/*
 * Write .melange.gcc.spec, .melange.clang.cfg, .melange.fdo.h and .config/clang-V below the
 * workspace; tree: where the guest's /etc/clang-* are looked for ("" for the host's). Errors:
 * SYSTEM.
 */
int mel_notes_write(int work_fd, const char *tree, const struct mel_notes *notes,
		    struct mel_err **err);
