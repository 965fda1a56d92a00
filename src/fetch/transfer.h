/*
 * One download of melange-fetch: tried several times with growing pauses, continued where the
 * last try ended, its bytes written to a descriptor. libcurl does the protocol. Sources:
 * libcurl-multi(3), curl_easy_setopt(3), RFC 9110.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "fetch/header.h"
#include "fetch/protocol.h"

/* Environment of all downloads; borrowed. */
struct mel_fetch_setup {
	const char *ca_file, *ca_dir; /* NULL: those of the system */
	/* Told what happens. */
	void (*event)(const struct mel_fetch_event *event);
};

struct mel_fetch_transfer {
	const struct mel_fetch_setup *setup;
	struct mel_arena arena; /* of the request */
	struct mel_fetch_request request;
	int fd;                    /* owned; the file */
	CURL *easy;                /* owned */
	struct curl_slist *header; /* owned; of this try */
	struct mel_fetch_head head, first;
	uint64_t size;     /* bytes in the file */
	uint64_t received; /* bytes over the network, all tries */
	uint64_t total;    /* 0: not known */
	unsigned try;      /* of tries, from 1 */
	int64_t begin_ms, told_ms;
	int64_t due_ms;  /* of the next try; 0: one is running */
	bool has_body;   /* bytes of this response were taken */
	char fatal[256]; /* why this try ended for good, or "" */
	char text[CURL_ERROR_SIZE];
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t mel_fetch_now_ms(void);
/* Begin a download; takes fd and, with it, message is parsed. Errors: INPUT. */
struct mel_fetch_transfer *mel_fetch_transfer_new(const struct mel_fetch_setup *setup,
						  struct mel_slice message, int fd,
						  struct mel_err **err);
/* Prepare the handle for the next try. */
void mel_fetch_transfer_begin(struct mel_fetch_transfer *transfer);
/* A try came to its end. True: it is all over, and was told; false: there is a next one. */
bool mel_fetch_transfer_end(struct mel_fetch_transfer *transfer, CURLcode code);
void mel_fetch_transfer_free(struct mel_fetch_transfer *transfer); /* NULL is fine */
