/*
 * A small HTTP server on loopback for tests. The first folder of a path says how it behaves,
 * the rest is a file of the server's folder:
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

enum { HTTP_LOG_BYTES = 1 << 16 };

struct http_shared {
	unsigned requests, open, most_open;
	unsigned char count[256]; /* of requests, by a hash of the path */
	size_t log_len;
	char log[HTTP_LOG_BYTES]; /* of each request, its first line and headers */
};

struct http {
	pid_t pid;
	int port;
	int life_fd; /* open while the server is to run */
	struct http_shared *shared;
};

/* Serve the files of folder until http_stop. */
void http_start(struct http *http, const char *folder);
void http_stop(struct http *http);
