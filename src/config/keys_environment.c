/* The key tables of `environment`, the description of a guest. */
#include "config/keys.h"

#include "base/mem.h"

enum {
	P1 = MEL_KEY_P1,
	ALWAYS = MEL_KEY_ALWAYS, /* but not in JSON, where all of this is left out when empty */
	JSON_ALWAYS = MEL_KEY_JSON_ALWAYS,
	URLS = MEL_KEY_URLS,
	UNUSED = MEL_KEY_UNUSED
};

#define T struct mel_runtime_key
static const struct mel_key_rule runtime_key_rule[] = {
	MEL_TEXT(T, "name", name, 0),
	MEL_TEXT(T, "content", content, 0),
};
static const struct mel_schema runtime_key_schema =
	MEL_SCHEMA("runtime_keyring", runtime_key_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_baseimage
static const struct mel_key_rule baseimage_rule[] = {
	MEL_TEXT(T, "image", image, 0),
	MEL_TEXT(T, "apkindex", apkindex, 0),
};
static const struct mel_schema baseimage_schema =
	MEL_SCHEMA("baseimage", baseimage_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_contents
static const struct mel_key_rule contents_rule[] = {
	MEL_TEXTS(T, "build_repositories", build_repositories, P1 | URLS),
	MEL_TEXTS(T, "runtime_repositories", runtime_repositories, UNUSED | MEL_KEY_UNRECORDED),
	MEL_TEXTS(T, "repositories", repositories, P1 | URLS),
	MEL_TEXTS(T, "keyring", keyring, P1 | URLS),
	MEL_STRUCT_LIST(T, "runtime_keyring", runtime_keyring, struct mel_runtime_key,
			&runtime_key_schema, UNUSED | MEL_KEY_UNRECORDED),
	MEL_TEXTS(T, "packages", packages, P1),
	MEL_STRUCT_PTR(T, "baseimage", baseimage, struct mel_baseimage, &baseimage_schema, 0),
};
static const struct mel_schema contents_schema =
	MEL_SCHEMA("contents", contents_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_entrypoint
static const struct mel_key_rule entrypoint_rule[] = {
	MEL_TEXT(T, "type", type, ALWAYS),
	MEL_TEXT(T, "command", command, P1 | ALWAYS),
	MEL_TEXT(T, "shell-fragment", shell_fragment, P1 | ALWAYS),
	MEL_TEXT_MAP(T, "services", services, P1 | ALWAYS),
};
static const struct mel_schema entrypoint_schema =
	MEL_SCHEMA("entrypoint", entrypoint_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_user
static const struct mel_key_rule user_rule[] = {
	MEL_TEXT(T, "username", username, ALWAYS),
	MEL_UINT(T, "uid", uid, ALWAYS),
	{ .name = "gid",
	  .type = MEL_KEY_UINT,
	  .flags = MEL_KEY_GIVEN,
	  .offset = MEL_FIELD(T, gid, uint64_t),
	  .pos_offset = MEL_KEY_NOWHERE,
	  .has_offset = MEL_FIELD(T, has_gid, bool) },
	MEL_TEXT(T, "shell", shell, ALWAYS),
	MEL_TEXT(T, "homedir", homedir, ALWAYS),
};
static const struct mel_schema user_schema =
	MEL_SCHEMA("a user", user_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_group
static const struct mel_key_rule group_rule[] = {
	MEL_TEXT(T, "groupname", groupname, ALWAYS),
	MEL_UINT(T, "gid", gid, ALWAYS),
	MEL_TEXTS(T, "members", members, ALWAYS),
};
static const struct mel_schema group_schema =
	MEL_SCHEMA("a group", group_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_accounts
static const struct mel_key_rule accounts_rule[] = {
	MEL_TEXT_AT(T, "run-as", run_as, run_as_pos, ALWAYS),
	MEL_STRUCT_LIST(T, "users", user, struct mel_user, &user_schema, ALWAYS),
	MEL_STRUCT_LIST(T, "groups", group, struct mel_group, &group_schema, ALWAYS),
};
static const struct mel_schema accounts_schema =
	MEL_SCHEMA("accounts", accounts_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_path_change
static const struct mel_key_rule path_change_rule[] = {
	MEL_TEXT(T, "path", path, ALWAYS),
	MEL_TEXT(T, "type", type, ALWAYS),
	MEL_UINT(T, "uid", uid, 0),
	MEL_UINT(T, "gid", gid, 0),
	MEL_UINT(T, "permissions", permissions, ALWAYS),
	MEL_TEXT(T, "source", source, ALWAYS),
	MEL_BOOL(T, "recursive", recursive, ALWAYS),
};
static const struct mel_schema path_change_schema =
	MEL_SCHEMA("paths", path_change_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_layering
static const struct mel_key_rule layering_rule[] = {
	MEL_TEXT(T, "strategy", strategy, 0),
	MEL_INT(T, "budget", budget, 0),
};
static const struct mel_schema layering_schema =
	MEL_SCHEMA("layering", layering_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_certificate
static const struct mel_key_rule certificate_rule[] = {
	MEL_TEXT(T, "name", name, 0),
	MEL_TEXT(T, "content", content, 0),
};
static const struct mel_schema certificate_schema =
	MEL_SCHEMA("a certificate", certificate_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_certificates
static const struct mel_key_rule certificates_rule[] = {
	MEL_STRUCT_LIST(T, "additional", additional, struct mel_certificate,
			&certificate_schema, 0),
};
static const struct mel_schema certificates_schema =
	MEL_SCHEMA("certificates", certificates_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_environment
static const struct mel_key_rule environment_rule[] = {
	MEL_STRUCT(T, "contents", contents, struct mel_contents, &contents_schema, 0),
	MEL_STRUCT_PTR(T, "entrypoint", entrypoint, struct mel_entrypoint, &entrypoint_schema,
		       MEL_KEY_VALUE | JSON_ALWAYS),
	MEL_TEXT(T, "cmd", cmd, P1 | UNUSED),
	MEL_TEXT(T, "stop-signal", stop_signal, P1 | UNUSED),
	MEL_TEXT(T, "work-dir", work_dir, P1 | UNUSED),
	MEL_STRUCT(T, "accounts", accounts, struct mel_accounts, &accounts_schema, 0),
	MEL_TEXTS(T, "archs", archs, 0),
	MEL_TEXT_MAP(T, "environment", environment, P1),
	MEL_STRUCT_LIST(T, "paths", paths, struct mel_path_change, &path_change_schema, 0),
	MEL_TEXT(T, "vcs-url", vcs_url, P1 | UNUSED),
	MEL_TEXT_MAP(T, "annotations", annotations, P1 | UNUSED),
	MEL_TEXT(T, "include", include, MEL_KEY_REFUSED | MEL_KEY_UNRECORDED),
	MEL_TEXTS(T, "volumes", volumes, P1 | UNUSED),
	MEL_STRUCT_PTR(T, "layering", layering, struct mel_layering, &layering_schema,
		       UNUSED | MEL_KEY_UNRECORDED),
	MEL_STRUCT_PTR(T, "certificates", certificates, struct mel_certificates,
		       &certificates_schema, UNUSED | MEL_KEY_UNRECORDED),
};
const struct mel_schema mel_environment_schema =
	MEL_SCHEMA("environment", environment_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T
