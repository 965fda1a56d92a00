/*
 * The build file as plain structs: what its keys say, field by field. Everything lives in the
 * arena of the load and is changed in place by the passes that substitute variables and compile
 * pipelines, so that the same structs are the record in the end. A text that is not given is
 * NULL or "" (the record leaves both out); lists and maps that are not given are empty; a
 * pointer to a struct is NULL when the key is absent. Field order is the order of the record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* A list of texts; pos[i] is where at[i] stands (NULL for lists that were made, not read). */
struct mel_texts {
	const char **at;
	struct mel_pos *pos;
	size_t len;
	size_t cap; /* room in at and pos, 0 when they are of exact size */
};

struct mel_text_pair {
	const char *key, *value;
	struct mel_pos pos; /* of the value */
	bool is_private;    /* not from the build file: kept out of the package's record */
};

/* A map of texts in file order; the record sorts it. */
struct mel_text_map {
	struct mel_text_pair *at;
	size_t len, cap; /* cap as in mel_texts */
};

/* The value of key or NULL. */
const char *mel_text_map_get(const struct mel_text_map *map, const char *key);
/* Set key to value (both borrowed) in map, whose array is in arena; keeps the place of a key.
 */
void mel_text_map_set(struct mel_arena *arena, struct mel_text_map *map, const char *key,
		      const char *value, struct mel_pos pos);
/* Append a pair; key is known not to be in map yet. */
void mel_text_map_add(struct mel_arena *arena, struct mel_text_map *map, const char *key,
		      const char *value, struct mel_pos pos);
/* Append text (borrowed) to list, whose arrays are in arena. */
void mel_texts_add(struct mel_arena *arena, struct mel_texts *list, const char *text,
		   struct mel_pos pos);

struct mel_copyright {
	struct mel_texts paths;
	const char *attestation, *license, *license_path, *detection_override;
	struct mel_pos license_path_pos;
	struct mel_pos pos;
};

struct mel_dependencies {
	struct mel_texts runtime, provides, replaces;
	const char *provider_priority, *replaces_priority;
	struct mel_pos provider_priority_pos, replaces_priority_pos;
};

struct mel_package_options {
	bool no_provides, no_depends, no_commands, no_versioned_shlib_deps;
};

struct mel_trigger {
	const char *script;
	struct mel_texts paths;
};

struct mel_scriptlets {
	struct mel_trigger *trigger; /* NULL: none */
	const char *pre_install, *post_install, *pre_deinstall, *post_deinstall, *pre_upgrade,
		*post_upgrade;
	struct mel_pos pos;
};

struct mel_checks {
	struct mel_texts disabled;
};

struct mel_cpe {
	const char *part, *vendor, *product, *edition, *language, *sw_edition, *target_sw,
		*target_hw, *other;
	struct mel_pos pos;
};

struct mel_setcap {
	const char *path;
	struct mel_text_map add; /* capability names -> flags */
	const char *reason;
	struct mel_pos pos;
};

struct mel_resources {
	const char *cpu, *cpumodel, *memory, *disk;
};

struct mel_package {
	const char *name, *version;
	uint64_t epoch;
	const char *description;
	struct mel_text_map annotations;
	const char *url, *commit;
	struct mel_texts target_architecture;
	struct mel_copyright *copyright;
	size_t copyright_len;
	struct mel_dependencies dependencies;
	struct mel_package_options *options; /* NULL when the file has no such key */
	struct mel_scriptlets *scriptlets;
	struct mel_checks checks;
	struct mel_cpe cpe;
	struct mel_setcap *setcap;
	size_t setcap_len;
	int64_t timeout_ns;
	struct mel_resources *resources; /* made when absent */
	struct mel_resources *test_resources;
	struct mel_pos pos, name_pos, version_pos;
};

/* --- pipelines -------------------------------------------------------------------------- */

struct mel_input {
	const char *name; /* key of the map */
	const char *description, *default_value;
	bool required;
	struct mel_pos pos, default_pos;
};

struct mel_assertions {
	int64_t required_steps;
	bool has_required_steps;
	struct mel_pos pos;
};

/* needs: of a step; NULL when the key is absent. */
struct mel_needs {
	struct mel_texts packages;
};

/* A step; also the top level of a definition file. */
struct mel_pipeline {
	const char *if_; /* the condition as written or substituted */
	const char *name, *uses;
	struct mel_text_map with;
	const char *runs;
	struct mel_pipeline *pipeline; /* nested steps */
	size_t pipeline_len;
	struct mel_input *inputs;
	size_t inputs_len;
	struct mel_needs *needs;
	const char *label;
	struct mel_assertions *assertions;
	const char *working_directory;
	struct mel_text_map environment;
	struct mel_pos pos, if_pos, uses_pos, runs_pos, name_pos, working_directory_pos;
};

/* --- environment -------------------------------------------------------------------------- */

struct mel_runtime_key {
	const char *name, *content;
};

struct mel_baseimage {
	const char *image, *apkindex;
};

struct mel_contents {
	struct mel_texts build_repositories, runtime_repositories, repositories, keyring;
	struct mel_runtime_key *runtime_keyring;
	size_t runtime_keyring_len;
	struct mel_texts packages;
	struct mel_baseimage *baseimage;
};

struct mel_entrypoint {
	const char *type, *command, *shell_fragment;
	struct mel_text_map services;
};

struct mel_user {
	const char *username;
	uint64_t uid, gid;
	bool has_gid;
	const char *shell, *homedir;
	struct mel_pos pos;
};

struct mel_group {
	const char *groupname;
	uint64_t gid;
	struct mel_texts members;
	struct mel_pos pos;
};

struct mel_accounts {
	const char *run_as;
	struct mel_user *user;
	size_t user_len;
	struct mel_group *group;
	size_t group_len;
	struct mel_pos run_as_pos;
};

struct mel_path_change {
	const char *path, *type;
	uint64_t uid, gid, permissions;
	const char *source;
	bool recursive;
	struct mel_pos pos;
};

/* layering: and certificates: are read for their keys only; the passes drop them. */
struct mel_layering {
	const char *strategy;
	int64_t budget;
};

struct mel_certificate {
	const char *name, *content;
};

struct mel_certificates {
	struct mel_certificate *additional;
	size_t additional_len;
};

struct mel_environment {
	struct mel_contents contents;
	struct mel_entrypoint *entrypoint;
	const char *cmd, *stop_signal, *work_dir;
	struct mel_accounts accounts;
	struct mel_texts archs;
	struct mel_text_map environment;
	struct mel_path_change *paths;
	size_t paths_len;
	const char *vcs_url;
	struct mel_text_map annotations;
	const char *include;
	struct mel_texts volumes;
	struct mel_layering *layering;
	struct mel_certificates *certificates;
	struct mel_pos pos;
};

struct mel_capabilities {
	struct mel_texts add, drop;
};

/* --- the rest of the top level --------------------------------------------------------------
 */

struct mel_test {
	struct mel_environment *environment;
	struct mel_pipeline *pipeline;
	size_t pipeline_len;
	struct mel_pos pos;
};

struct mel_subpackage {
	const char *if_, *range;
	const char *name;
	struct mel_pipeline *pipeline;
	size_t pipeline_len;
	struct mel_dependencies dependencies;
	struct mel_package_options *options;
	struct mel_scriptlets *scriptlets;
	const char *description;
	struct mel_text_map annotations;
	const char *url, *commit;
	struct mel_checks checks;
	struct mel_test *test;
	struct mel_setcap *setcap;
	size_t setcap_len;
	struct mel_pos pos, if_pos, range_pos, name_pos;
};

struct mel_data {
	const char *name;
	struct mel_text_map items;
	struct mel_pos pos;
};

struct mel_release_monitor {
	int64_t identifier;
	const char *strip_prefix, *strip_suffix, *version_filter_contains,
		*version_filter_prefix;
};

struct mel_github {
	const char *identifier, *strip_prefix, *strip_suffix, *tag_filter, *tag_filter_prefix,
		*tag_filter_contains;
	bool use_tag;
};

struct mel_git_update {
	const char *strip_prefix, *strip_suffix, *tag_filter_prefix, *tag_filter_contains;
};

struct mel_oci_update {
	const char *identifier, *strip_prefix, *strip_suffix, *tag_filter_prefix,
		*tag_filter_contains;
};

struct mel_version_source {
	const char *name, *stream;
	struct mel_texts ignore;
	const char *commit_source;
	bool use_release;
};

struct mel_version_data {
	const char *version_format;
	struct mel_version_source *sources;
	size_t sources_len;
};

struct mel_version_transform {
	const char *match, *replace;
};

struct mel_schedule {
	const char *reason, *period;
};

struct mel_update {
	bool enabled, manual, require_sequential, shared;
	const char *version_separator;
	struct mel_texts ignore_regex_patterns;
	struct mel_release_monitor *release_monitor;
	struct mel_github *github;
	struct mel_git_update *git;
	struct mel_oci_update *oci;
	struct mel_version_data *version_data;
	struct mel_version_transform *version_transform;
	size_t version_transform_len;
	const char *exclude_reason;
	struct mel_schedule *schedule;
	bool enable_prerelease_tags;
};

struct mel_var_transform {
	const char *from, *match, *replace, *to;
	struct mel_pos pos, from_pos, match_pos;
};

struct mel_option_packages {
	struct mel_texts add, remove;
};

struct mel_option_contents {
	struct mel_option_packages packages;
};

struct mel_option_environment {
	struct mel_option_contents contents;
};

struct mel_option {
	const char *name; /* key of the map */
	struct mel_text_map vars;
	struct mel_option_environment environment;
	struct mel_pos pos;
};

struct mel_config {
	struct mel_package package;
	struct mel_environment *environment; /* made when absent */
	struct mel_capabilities capabilities;
	struct mel_pipeline *pipeline;
	size_t pipeline_len;
	struct mel_subpackage *subpackages;
	size_t subpackages_len;
	struct mel_data *data;
	size_t data_len;
	struct mel_update *update;
	struct mel_text_map vars;
	struct mel_var_transform *var_transforms;
	size_t var_transforms_len;
	struct mel_option *options;
	size_t options_len;
	struct mel_test *test;
	const char *file; /* path as given, for messages; in no record */
};
