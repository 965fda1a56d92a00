/* The key tables of `update`: information for other tools, checked and passed on. */
#include "config/keys.h"

#include "base/mem.h"

enum {
	P1 = MEL_KEY_P1,
	YAML_ALWAYS = MEL_KEY_ALWAYS,
	ALWAYS = YAML_ALWAYS | MEL_KEY_JSON_ALWAYS
};

#define T struct mel_release_monitor
static const struct mel_key_rule release_monitor_rule[] = {
	MEL_INT(T, "identifier", identifier, ALWAYS),
	MEL_TEXT(T, "strip-prefix", strip_prefix, 0),
	MEL_TEXT(T, "strip-suffix", strip_suffix, 0),
	MEL_TEXT(T, "version-filter-contains", version_filter_contains, P1),
	MEL_TEXT(T, "version-filter-prefix", version_filter_prefix, P1),
};
static const struct mel_schema release_monitor_schema = MEL_SCHEMA(
	"release-monitor", release_monitor_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_github
static const struct mel_key_rule github_rule[] = {
	MEL_TEXT(T, "identifier", identifier, P1 | ALWAYS),
	MEL_TEXT(T, "strip-prefix", strip_prefix, 0),
	MEL_TEXT(T, "strip-suffix", strip_suffix, 0),
	MEL_TEXT(T, "tag-filter", tag_filter, P1),
	MEL_TEXT(T, "tag-filter-prefix", tag_filter_prefix, P1),
	MEL_TEXT(T, "tag-filter-contains", tag_filter_contains, P1),
	MEL_BOOL(T, "use-tag", use_tag, 0),
};
static const struct mel_schema github_schema =
	MEL_SCHEMA("github", github_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_git_update
static const struct mel_key_rule git_rule[] = {
	MEL_TEXT(T, "strip-prefix", strip_prefix, 0),
	MEL_TEXT(T, "strip-suffix", strip_suffix, 0),
	MEL_TEXT(T, "tag-filter-prefix", tag_filter_prefix, P1),
	MEL_TEXT(T, "tag-filter-contains", tag_filter_contains, P1),
};
static const struct mel_schema git_schema =
	MEL_SCHEMA("git", git_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_oci_update
static const struct mel_key_rule oci_rule[] = {
	MEL_TEXT(T, "identifier", identifier, ALWAYS),
	MEL_TEXT(T, "strip-prefix", strip_prefix, 0),
	MEL_TEXT(T, "strip-suffix", strip_suffix, 0),
	MEL_TEXT(T, "tag-filter-prefix", tag_filter_prefix, 0),
	MEL_TEXT(T, "tag-filter-contains", tag_filter_contains, 0),
};
static const struct mel_schema oci_schema =
	MEL_SCHEMA("oci", oci_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_version_source
static const struct mel_key_rule version_source_rule[] = {
	MEL_TEXT(T, "name", name, ALWAYS),
	MEL_TEXT(T, "stream", stream, ALWAYS),
	MEL_TEXTS(T, "ignore", ignore, 0),
	MEL_TEXT(T, "commit_source", commit_source, 0),
	MEL_BOOL(T, "use_release", use_release, 0),
};
static const struct mel_schema version_source_schema =
	MEL_SCHEMA("sources", version_source_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_version_data
static const struct mel_key_rule version_data_rule[] = {
	MEL_TEXT(T, "version_format", version_format, ALWAYS),
	MEL_STRUCT_LIST(T, "sources", sources, struct mel_version_source,
			&version_source_schema, ALWAYS),
};
static const struct mel_schema version_data_schema =
	MEL_SCHEMA("version_data", version_data_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_version_transform
static const struct mel_key_rule version_transform_rule[] = {
	MEL_TEXT(T, "match", match, ALWAYS),
	MEL_TEXT(T, "replace", replace, ALWAYS),
};
static const struct mel_schema version_transform_schema = MEL_SCHEMA(
	"a version-transform", version_transform_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_schedule
static const struct mel_key_rule schedule_rule[] = {
	MEL_TEXT(T, "reason", reason, 0),
	MEL_TEXT(T, "period", period, 0),
};
static const struct mel_schema schedule_schema =
	MEL_SCHEMA("schedule", schedule_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_update
static const struct mel_key_rule update_rule[] = {
	MEL_BOOL(T, "enabled", enabled, ALWAYS),
	MEL_BOOL(T, "manual", manual, YAML_ALWAYS),
	MEL_BOOL(T, "require-sequential", require_sequential, YAML_ALWAYS),
	MEL_BOOL(T, "shared", shared, 0),
	MEL_TEXT(T, "version-separator", version_separator, 0),
	MEL_TEXTS(T, "ignore-regex-patterns", ignore_regex_patterns, 0),
	MEL_STRUCT_PTR(T, "release-monitor", release_monitor, struct mel_release_monitor,
		       &release_monitor_schema, 0),
	MEL_STRUCT_PTR(T, "github", github, struct mel_github, &github_schema, 0),
	MEL_STRUCT_PTR(T, "git", git, struct mel_git_update, &git_schema, 0),
	MEL_STRUCT_PTR(T, "oci", oci, struct mel_oci_update, &oci_schema, 0),
	MEL_STRUCT_PTR(T, "version_data", version_data, struct mel_version_data,
		       &version_data_schema, 0),
	MEL_STRUCT_LIST(T, "version-transform", version_transform, struct mel_version_transform,
			&version_transform_schema, 0),
	MEL_TEXT(T, "exclude-reason", exclude_reason, 0),
	MEL_STRUCT_PTR(T, "schedule", schedule, struct mel_schedule, &schedule_schema, 0),
	MEL_BOOL(T, "enable-prerelease-tags", enable_prerelease_tags, 0),
};
const struct mel_schema mel_update_schema =
	MEL_SCHEMA("update", update_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T
