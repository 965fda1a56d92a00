/*
 * A small HTTP server on loopback for tests. As a registry (HTTP_PLAIN) it answers with the
 * files of its folder, and with the file "index" of folders below that. Else the first folder
 * of a path says how it behaves, the rest is a file of the server's folder:
 *
 *     /ok/F       the file, also parts of it, with an ETag
 *     /whole/F    the file, whatever part is asked for
 *     /cut/F      at first half of it, then as ok
 *     /changed/F  at first half of it with an ETag; later it has another one
 *     /part/F     at first half of it, then another part than the one asked for
 *     /busy/F     two times 503, then as ok
 *     /gone/F     404
 *     /loop/F     to itself, without end
 *     /to/F       to /ok/F
 *     /stall/F    the header and no byte of the body
 *     /slow/F     a byte every 50 ms, without end
 *     /big/F      bytes without end
 *     /wrong/F    something else
 *     /auth/F     as ok, for user "u:x", password "p w" in base64; 401 for others
 *     /bucket/F   as ok, for requests signed for S3; 403 for others
 *     /meet/F     as ok, but only when four requests are there at once
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { HTTP_LOG_BYTES = 1 << 16, HTTP_NAME_BYTES = 512 };

enum http_kind { HTTP_BY_NAME, HTTP_PLAIN };

struct http_shared {
	unsigned requests, open, most_open;
	unsigned char count[256];   /* of requests, by a hash of the path */
	char last[HTTP_NAME_BYTES]; /* path of the last request, decoded */
	size_t log_len;
	char log[HTTP_LOG_BYTES]; /* of each request, its first line and headers */
};

struct http {
	pid_t pid; /* 0: it does not run */
	int port;
	char url[40];  /* "http://127.0.0.1:PORT", no slash at the end */
	int listen_fd; /* between http_open and http_serve */
	int life_fd;   /* open while the server is to run */
	struct http_shared *shared;
};

/* Choose the port, so that files can name it. */
void http_open(struct http *http);
/* Answer with the files of folder, an absolute path, until http_stop. */
void http_serve(struct http *http, const char *folder, enum http_kind kind);
/* Both, HTTP_BY_NAME. */
void http_start(struct http *http, const char *folder);
/* Zeroed, or opened only: fine. */
void http_stop(struct http *http);
#define AUTO_HTTP __attribute__((cleanup(http_stop)))
