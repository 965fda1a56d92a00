/* The example package acme 1.4.2-r3 that several tests take apart. */
#pragma once

#include "apk/package.h"
#include "base/buf.h"

enum { ACME_EPOCH = 1700000000 };

#define ACME_DATAHASH "853c16fa1831d7e8602f020056d3b6cc55f8cb186425e3344c2d69ebbdc6e356"

/* Write the data section to fd. */
void acme_data(int fd, struct mel_package_data_sum *sum);
/* Everything of the control section; datahash as above. */
void acme_spec(struct mel_package_spec *spec, struct mel_pkginfo *info);
/* An unlinked file for a section. */
int acme_file(void);
void acme_assert_sha256(struct mel_slice bytes, const char *want);
/* 00 … ff twice, standing in for a signature. */
struct mel_slice acme_signature(void);
