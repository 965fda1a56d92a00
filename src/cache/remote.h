/*
 * Addresses of the network as requests for melange-fetch: who may see which password, and how
 * s3:// is reached. Sources: RFC 3986; HTTP_AUTH and AWS_* variables as other tools know them.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "fetch/protocol.h"

/* The caller's environment, as far as downloads need it: "NAME=value". Borrowed. */
struct mel_remote_env {
	const char *const *at;
	size_t len;
};

/* The names of the variables that matter here, NULL at the end. */
extern const char *const mel_remote_variables[];

/* The value of name, NULL when unset or empty. */
const char *mel_remote_variable(const struct mel_remote_env *env, const char *name);
/* Check the form of HTTP_AUTH, "basic:HOST:USER:PASSWORD". Errors: INPUT. */
int mel_remote_check(const struct mel_remote_env *env, struct mel_err **err);
/*
 * HTTP_AUTH taken apart: its host (with a port if it has one), and "USER:PASSWORD"; false when
 * there is none. In arena.
 */
bool mel_remote_auth(const struct mel_remote_env *env, struct mel_arena *arena,
		     const char **host, const char **user_password);
/* Can url be downloaded by the host: http://, https:// or s3://? */
bool mel_remote_is_url(const char *url);
/*
 * Fill the address and the credentials of a request. A user and password in the address are
 * taken out of it; HTTP_AUTH counts for its host only (and port, if it names one). Texts are
 * borrowed or in arena. Errors: INPUT.
 */
int mel_remote_request(struct mel_fetch_request *out, const char *url,
		       const struct mel_remote_env *env, struct mel_arena *arena,
		       struct mel_err **err);
/* The address of an object ("sha256:…") below base, for any of the three. In arena. */
const char *mel_remote_object(const char *base, const char *name, struct mel_arena *arena);
/* The address without user and password, for people. In arena. */
const char *mel_remote_public(const char *url, struct mel_arena *arena);
