/*
 * A registry for tests: an HTTP server on loopback that answers with the files of a folder and
 * counts what it is asked. A folder answers with its file "index".
 */
#pragma once

#include <sys/types.h>

struct registry {
	char url[40]; /* "http://127.0.0.1:PORT", no slash at the end */
	int socket;
	pid_t pid; /* of the server; 0: not started */
	struct registry_shared *shared;
};

/* Choose the port, so that files can name it; a failure ends the test. */
void registry_open(struct registry *registry);
/* Begin to answer, from the folder. */
void registry_serve(struct registry *registry, const char *folder);
/* How many requests there were so far. */
unsigned registry_requests(const struct registry *registry);
/* Path of the last request, "" if there was none; valid until registry_close. */
const char *registry_last(const struct registry *registry);
void registry_close(struct registry *registry);

#define AUTO_REGISTRY __attribute__((cleanup(registry_close)))
