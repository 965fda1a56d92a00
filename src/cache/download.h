/*
 * A running melange-fetch (fetch/protocol.h): started when the first file must be downloaded,
 * with nothing of the caller's environment but proxies and certificates. Its answers are not
 * trusted: what it wrote is used only after its digest was checked.
 */
#pragma once

#include "cache/remote.h"
#include "fetch/protocol.h"

struct mel_downloads; /* one program and what it has to do */

/* program: its path, NULL: found beside our own program, else where it is installed.
 * Errors: SYSTEM. */
int mel_downloads_open(struct mel_downloads **out, const char *program,
		       const struct mel_remote_env *env, struct mel_err **err);
/* Ask for a file, written into fd (borrowed). Errors: INPUT, NETWORK. */
int mel_downloads_add(struct mel_downloads *downloads, const struct mel_fetch_request *request,
		      int fd, struct mel_err **err);
/*
 * Wait for the next event, timeout_ms at most or until wake_fd (-1: none) can be read. 1: there
 * is one; 0: there is none. Errors: NETWORK (the program ended), SYSTEM.
 */
int mel_downloads_wait(struct mel_downloads *downloads, int timeout_ms, int wake_fd,
		       struct mel_fetch_event *event, struct mel_err **err);
/* End the program; what it was at is dropped. NULL is fine. */
void mel_downloads_close(struct mel_downloads *downloads);
