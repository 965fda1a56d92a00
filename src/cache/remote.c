/* Addresses as requests: see remote.h. */
#include "cache/remote.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

const char *const mel_remote_variables[] = {
	"PATH",
	"HTTP_AUTH",
	"http_proxy",
	"https_proxy",
	"HTTPS_PROXY",
	"no_proxy",
	"NO_PROXY",
	"all_proxy",
	"ALL_PROXY",
	"SSL_CERT_FILE",
	"SSL_CERT_DIR",
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_REGION",
	"AWS_DEFAULT_REGION",
	"AWS_ENDPOINT_URL_S3",
	"AWS_ENDPOINT_URL",
	NULL,
};

const char *mel_remote_variable(const struct mel_remote_env *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->len; i++)
		if (strncmp(env->at[i], name, len) == 0 && env->at[i][len] == '=')
			return env->at[i][len + 1] ? env->at[i] + len + 1 : NULL;
	return NULL;
}

/* The parts of an address that matter here; slices of it. */
struct parts {
	struct mel_slice scheme, user, host /* with the port */, rest /* from '/' on */;
};

static bool split(const char *url, struct parts *out)
{
	const char *sep = strstr(url, "://"), *host, *at;
	size_t len;

	if (!sep || sep == url)
		return false;
	host = sep + 3;
	len = strcspn(host, "/?#");
	at = memrchr(host, '@', len);
	out->scheme = mel_slice_make(url, (size_t)(sep - url));
	out->user = at ? mel_slice_make(host, (size_t)(at - host)) : mel_slice_make("", 0);
	out->rest = mel_slice_of(host + len);
	out->host = at ? mel_slice_make(at + 1, (size_t)(host + len - at - 1))
		       : mel_slice_make(host, len);
	return out->host.len > 0;
}

static bool is_scheme(const struct parts *parts, const char *name)
{
	return parts->scheme.len == strlen(name) &&
	       strncasecmp(parts->scheme.ptr, name, parts->scheme.len) == 0;
}

bool mel_remote_is_url(const char *url)
{
	struct parts parts;

	return split(url, &parts) && (is_scheme(&parts, "http") || is_scheme(&parts, "https") ||
				      is_scheme(&parts, "s3"));
}

/* --- passwords ---------------------------------------------------------------------------- */

/* HTTP_AUTH taken apart from the left; what is left is the password. A host may have a port:
 * digits behind its colon. */
struct auth {
	struct mel_slice host, user, password;
};

static bool all_digits(struct mel_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

static bool split_auth(const char *text, struct auth *out)
{
	struct mel_slice rest = mel_slice_of(text), method, next;

	if (!mel_slice_next(&rest, ':', &method) || !mel_slice_eq_text(method, "basic") ||
	    !mel_slice_next(&rest, ':', &out->host) || !mel_slice_next(&rest, ':', &next) ||
	    !rest.ptr)
		return false;
	out->user = next;
	out->password = rest;
	/* "host:8080:user:password" */
	if (all_digits(next) && memchr(rest.ptr, ':', rest.len)) {
		out->host.len = (size_t)(next.ptr + next.len - out->host.ptr);
		mel_slice_next(&rest, ':', &out->user);
		out->password = rest;
	}
	return out->host.len > 0;
}

int mel_remote_check(const struct mel_remote_env *env, struct mel_err **err)
{
	const char *text = mel_remote_variable(env, "HTTP_AUTH");
	struct auth auth;

	if (!text || split_auth(text, &auth))
		return 0;
	return mel_err_set(err, MEL_ERR_INPUT,
			   "HTTP_AUTH must be in the form 'basic:HOST:USERNAME:PASSWORD'");
}

bool mel_remote_auth(const struct mel_remote_env *env, struct mel_arena *arena,
		     const char **host, const char **user_password)
{
	const char *text = mel_remote_variable(env, "HTTP_AUTH");
	struct auth auth;

	if (!text || !split_auth(text, &auth))
		return false;
	*host = mel_arena_slice(arena, auth.host);
	*user_password = mel_arena_printf(arena, "%.*s:%.*s", (int)auth.user.len, auth.user.ptr,
					  (int)auth.password.len, auth.password.ptr);
	return true;
}

static bool same_host(struct mel_slice a, struct mel_slice b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static void add_auth(struct mel_fetch_request *out, const struct parts *parts,
		     const struct mel_remote_env *env, struct mel_arena *arena)
{
	const char *text = mel_remote_variable(env, "HTTP_AUTH");
	struct auth auth;

	if (!text || !split_auth(text, &auth) || !same_host(auth.host, parts->host))
		return;
	out->user = mel_arena_slice(arena, auth.user);
	out->secret = mel_arena_slice(arena, auth.password);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *unescape(struct mel_slice s, struct mel_arena *arena)
{
	char *made = mel_arena_alloc(arena, s.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int high = -1;

		if (s.ptr[i] == '%' && s.len - i > 2)
			high = hex_value(s.ptr[i + 1]);
		if (high >= 0 && hex_value(s.ptr[i + 2]) >= 0) {
			made[len++] = (char)(high << 4 | hex_value(s.ptr[i + 2]));
			i += 2;
		} else {
			made[len++] = s.ptr[i];
		}
	}
	return made;
}

/* --- addresses ---------------------------------------------------------------------------- */

static int s3_request(struct mel_fetch_request *out, const struct parts *parts,
		      const struct mel_remote_env *env, struct mel_arena *arena,
		      struct mel_err **err)
{
	const char *endpoint = mel_remote_variable(env, "AWS_ENDPOINT_URL_S3");
	const char *region = mel_remote_variable(env, "AWS_REGION");
	int host_len = (int)parts->host.len;

	if (!endpoint)
		endpoint = mel_remote_variable(env, "AWS_ENDPOINT_URL");
	if (!region)
		region = mel_remote_variable(env, "AWS_DEFAULT_REGION");
	if (!region)
		region = "us-east-1";
	if (parts->rest.len < 2)
		return mel_err_set(err, MEL_ERR_INPUT, "an s3:// address names no object");
	if (endpoint) {
		size_t len = strlen(endpoint);

		while (len > 0 && endpoint[len - 1] == '/')
			len--;
		out->url = mel_arena_printf(arena, "%.*s/%.*s%s", (int)len, endpoint, host_len,
					    parts->host.ptr, parts->rest.ptr);
	} else {
		out->url = mel_arena_printf(arena, "https://%.*s.s3.%s.amazonaws.com%s",
					    host_len, parts->host.ptr, region, parts->rest.ptr);
	}
	out->user = mel_remote_variable(env, "AWS_ACCESS_KEY_ID");
	out->secret = mel_remote_variable(env, "AWS_SECRET_ACCESS_KEY");
	if (!out->user || !out->secret) { /* a bucket that anybody may read */
		out->user = out->secret = NULL;
		return 0;
	}
	out->region = region;
	out->token = mel_remote_variable(env, "AWS_SESSION_TOKEN");
	return 0;
}

int mel_remote_request(struct mel_fetch_request *out, const char *url,
		       const struct mel_remote_env *env, struct mel_arena *arena,
		       struct mel_err **err)
{
	struct parts parts;

	if (!mel_remote_is_url(url) || !split(url, &parts))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "only http://, https:// and s3:// can be downloaded");
	if (is_scheme(&parts, "s3"))
		return s3_request(out, &parts, env, arena, err);
	if (parts.user.len) {
		struct mel_slice rest = parts.user, user;

		mel_slice_next(&rest, ':', &user);
		out->user = unescape(user, arena);
		out->secret = rest.ptr ? unescape(rest, arena) : NULL;
	} else {
		add_auth(out, &parts, env, arena);
	}
	out->url = mel_remote_public(url, arena);
	return 0;
}

const char *mel_remote_object(const char *base, const char *name, struct mel_arena *arena)
{
	const char *colon = strchr(name, ':');
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (!colon)
		return mel_arena_printf(arena, "%.*s/%s", (int)len, base, name);
	return mel_arena_printf(arena, "%.*s/%.*s%%3A%s", (int)len, base, (int)(colon - name),
				name, colon + 1);
}

const char *mel_remote_public(const char *url, struct mel_arena *arena)
{
	struct parts parts;

	if (!split(url, &parts) || parts.user.len == 0)
		return mel_arena_strdup(arena, url);
	return mel_arena_printf(arena, "%.*s://%.*s%s", (int)parts.scheme.len, parts.scheme.ptr,
				(int)parts.host.len, parts.host.ptr, parts.rest.ptr);
}
