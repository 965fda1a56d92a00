/* The key tables of the build file but for environment and update. */
#include "config/keys.h"

#include "base/mem.h"

enum {
	P1 = MEL_KEY_P1,
	YAML_ALWAYS = MEL_KEY_ALWAYS,
	JSON_ALWAYS = MEL_KEY_JSON_ALWAYS,
	ALWAYS = YAML_ALWAYS | JSON_ALWAYS,
	VALUE = MEL_KEY_VALUE
};

#define T struct mel_copyright
static const struct mel_key_rule copyright_rule[] = {
	MEL_TEXTS(T, "paths", paths, P1),
	MEL_TEXT(T, "attestation", attestation, 0),
	MEL_TEXT(T, "license", license, P1 | ALWAYS),
	MEL_TEXT_AT(T, "license-path", license_path, license_path_pos, P1),
	MEL_TEXT(T, "detection-override", detection_override, 0),
};
static const struct mel_schema copyright_schema =
	MEL_SCHEMA("copyright", copyright_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_dependencies
static const struct mel_key_rule dependencies_rule[] = {
	MEL_TEXTS(T, "runtime", runtime, P1),
	MEL_TEXTS(T, "provides", provides, P1),
	MEL_TEXTS(T, "replaces", replaces, P1),
	MEL_TEXT_AT(T, "provider-priority", provider_priority, provider_priority_pos, P1),
	MEL_TEXT_AT(T, "replaces-priority", replaces_priority, replaces_priority_pos, P1),
};
static const struct mel_schema dependencies_schema =
	MEL_SCHEMA("dependencies", dependencies_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_package_options
static const struct mel_key_rule package_options_rule[] = {
	MEL_BOOL(T, "no-provides", no_provides, 0),
	MEL_BOOL(T, "no-depends", no_depends, 0),
	MEL_BOOL(T, "no-commands", no_commands, 0),
	MEL_BOOL(T, "no-versioned-shlib-deps", no_versioned_shlib_deps, 0),
};
static const struct mel_schema package_options_schema =
	MEL_SCHEMA("options", package_options_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_trigger
static const struct mel_key_rule trigger_rule[] = {
	MEL_TEXT(T, "script", script, P1 | YAML_ALWAYS),
	MEL_TEXTS(T, "paths", paths, P1 | YAML_ALWAYS),
};
static const struct mel_schema trigger_schema =
	MEL_SCHEMA("trigger", trigger_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_scriptlets
static const struct mel_key_rule scriptlets_rule[] = {
	MEL_STRUCT_PTR(T, "trigger", trigger, struct mel_trigger, &trigger_schema,
		       VALUE | JSON_ALWAYS),
	MEL_TEXT(T, "pre-install", pre_install, P1),
	MEL_TEXT(T, "post-install", post_install, P1),
	MEL_TEXT(T, "pre-deinstall", pre_deinstall, P1),
	MEL_TEXT(T, "post-deinstall", post_deinstall, P1),
	MEL_TEXT(T, "pre-upgrade", pre_upgrade, P1),
	MEL_TEXT(T, "post-upgrade", post_upgrade, P1),
};
static const struct mel_schema scriptlets_schema =
	MEL_SCHEMA("scriptlets", scriptlets_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_checks
static const struct mel_key_rule checks_rule[] = {
	MEL_TEXTS(T, "disabled", disabled, 0),
};
static const struct mel_schema checks_schema =
	MEL_SCHEMA("checks", checks_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_cpe
static const struct mel_key_rule cpe_rule[] = {
	MEL_TEXT(T, "part", part, 0),           MEL_TEXT(T, "vendor", vendor, 0),
	MEL_TEXT(T, "product", product, 0),     MEL_TEXT(T, "edition", edition, 0),
	MEL_TEXT(T, "language", language, 0),   MEL_TEXT(T, "sw_edition", sw_edition, 0),
	MEL_TEXT(T, "target_sw", target_sw, 0), MEL_TEXT(T, "target_hw", target_hw, 0),
	MEL_TEXT(T, "other", other, 0),
};
static const struct mel_schema cpe_schema =
	MEL_SCHEMA("cpe", cpe_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_setcap
static const struct mel_key_rule setcap_rule[] = {
	MEL_TEXT(T, "path", path, 0),
	MEL_TEXT_MAP(T, "add", add, 0),
	MEL_TEXT(T, "reason", reason, 0),
};
static const struct mel_schema setcap_schema =
	MEL_SCHEMA("setcap", setcap_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_resources
static const struct mel_key_rule resources_rule[] = {
	MEL_TEXT(T, "cpu", cpu, 0),
	MEL_TEXT(T, "cpumodel", cpumodel, 0),
	MEL_TEXT(T, "memory", memory, 0),
	MEL_TEXT(T, "disk", disk, 0),
};
static const struct mel_schema resources_schema =
	MEL_SCHEMA("resources", resources_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_package
static const struct mel_key_rule package_rule[] = {
	MEL_TEXT_AT(T, "name", name, name_pos, P1 | ALWAYS),
	MEL_TEXT_AT(T, "version", version, version_pos, P1 | ALWAYS),
	MEL_UINT(T, "epoch", epoch, ALWAYS),
	MEL_TEXT(T, "description", description, P1),
	MEL_TEXT_MAP(T, "annotations", annotations, P1),
	MEL_TEXT(T, "url", url, P1),
	MEL_TEXT(T, "commit", commit, 0),
	MEL_TEXTS(T, "target-architecture", target_architecture, P1),
	MEL_STRUCT_LIST(T, "copyright", copyright, struct mel_copyright, &copyright_schema, 0),
	MEL_STRUCT(T, "dependencies", dependencies, struct mel_dependencies,
		   &dependencies_schema, 0),
	MEL_STRUCT_PTR(T, "options", options, struct mel_package_options,
		       &package_options_schema, 0),
	MEL_STRUCT_PTR(T, "scriptlets", scriptlets, struct mel_scriptlets, &scriptlets_schema,
		       0),
	MEL_STRUCT(T, "checks", checks, struct mel_checks, &checks_schema, 0),
	MEL_STRUCT(T, "cpe", cpe, struct mel_cpe, &cpe_schema, 0),
	MEL_STRUCT_LIST(T, "setcap", setcap, struct mel_setcap, &setcap_schema, 0),
	MEL_DURATION(T, "timeout", timeout_ns, 0),
	MEL_STRUCT_PTR(T, "resources", resources, struct mel_resources, &resources_schema,
		       ALWAYS),
	MEL_STRUCT_PTR(T, "test-resources", test_resources, struct mel_resources,
		       &resources_schema, 0),
};
static const struct mel_schema package_schema =
	MEL_SCHEMA("package", package_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_input
static const struct mel_key_rule input_rule[] = {
	MEL_TEXT(T, "description", description, 0),
	MEL_TEXT_AT(T, "default", default_value, default_pos, 0),
	MEL_BOOL(T, "required", required, 0),
};
static const struct mel_schema input_schema =
	MEL_SCHEMA("an input", input_rule, T, offsetof(T, pos), offsetof(T, name));
#undef T

#define T struct mel_needs
static const struct mel_key_rule needs_rule[] = {
	{ .name = "packages",
	  .type = MEL_KEY_TEXTS,
	  .flags = P1 | ALWAYS,
	  .offset = MEL_FIELD(T, packages, struct mel_texts),
	  .pos_offset = MEL_KEY_NOWHERE,
	  .has_offset = MEL_KEY_NOWHERE,
	  .json = "Packages" },
};
static const struct mel_schema needs_schema =
	MEL_SCHEMA("needs", needs_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_assertions
static const struct mel_key_rule assertions_rule[] = {
	{ .name = "required-steps",
	  .type = MEL_KEY_INT,
	  .offset = MEL_FIELD(T, required_steps, int64_t),
	  .pos_offset = MEL_KEY_NOWHERE,
	  .has_offset = MEL_FIELD(T, has_required_steps, bool) },
};
static const struct mel_schema assertions_schema =
	MEL_SCHEMA("assertions", assertions_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_pipeline
static const struct mel_key_rule pipeline_rule[] = {
	MEL_TEXT_AT(T, "if", if_, if_pos, P1),
	MEL_TEXT_AT(T, "name", name, name_pos, P1),
	MEL_TEXT_AT(T, "uses", uses, uses_pos, 0),
	MEL_TEXT_MAP(T, "with", with, P1),
	MEL_TEXT_AT(T, "runs", runs, runs_pos, P1),
	MEL_STRUCT_LIST(T, "pipeline", pipeline, struct mel_pipeline, &mel_pipeline_schema, 0),
	MEL_STRUCT_MAP(T, "inputs", inputs, struct mel_input, &input_schema, 0),
	MEL_STRUCT_PTR(T, "needs", needs, struct mel_needs, &needs_schema, 0),
	MEL_TEXT(T, "label", label, 0),
	MEL_STRUCT_PTR(T, "assertions", assertions, struct mel_assertions, &assertions_schema,
		       0),
	MEL_TEXT_AT(T, "working-directory", working_directory, working_directory_pos, P1),
	MEL_TEXT_MAP(T, "environment", environment, P1),
};
const struct mel_schema mel_pipeline_schema =
	MEL_SCHEMA("a pipeline step", pipeline_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_test
static const struct mel_key_rule test_rule[] = {
	MEL_STRUCT_PTR(T, "environment", environment, struct mel_environment,
		       &mel_environment_schema, VALUE | JSON_ALWAYS),
	MEL_STRUCT_LIST(T, "pipeline", pipeline, struct mel_pipeline, &mel_pipeline_schema,
			ALWAYS),
};
static const struct mel_schema test_schema =
	MEL_SCHEMA("test", test_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_subpackage
static const struct mel_key_rule subpackage_rule[] = {
	MEL_TEXT_AT(T, "if", if_, if_pos, P1),
	MEL_TEXT_AT(T, "range", range, range_pos, 0),
	MEL_TEXT_AT(T, "name", name, name_pos, P1 | ALWAYS),
	MEL_STRUCT_LIST(T, "pipeline", pipeline, struct mel_pipeline, &mel_pipeline_schema, 0),
	MEL_STRUCT(T, "dependencies", dependencies, struct mel_dependencies,
		   &dependencies_schema, 0),
	MEL_STRUCT_PTR(T, "options", options, struct mel_package_options,
		       &package_options_schema, 0),
	MEL_STRUCT_PTR(T, "scriptlets", scriptlets, struct mel_scriptlets, &scriptlets_schema,
		       0),
	MEL_TEXT(T, "description", description, P1),
	MEL_TEXT_MAP(T, "annotations", annotations, P1),
	MEL_TEXT(T, "url", url, P1),
	MEL_TEXT(T, "commit", commit, 0),
	MEL_STRUCT(T, "checks", checks, struct mel_checks, &checks_schema, 0),
	MEL_STRUCT_PTR(T, "test", test, struct mel_test, &test_schema, 0),
	MEL_STRUCT_LIST(T, "setcap", setcap, struct mel_setcap, &setcap_schema,
			MEL_KEY_UNRECORDED),
};
static const struct mel_schema subpackage_schema =
	MEL_SCHEMA("a subpackage", subpackage_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_data
static const struct mel_key_rule data_rule[] = {
	MEL_TEXT(T, "name", name, 0),
	MEL_TEXT_MAP(T, "items", items, 0),
};
static const struct mel_schema data_schema =
	MEL_SCHEMA("data", data_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

#define T struct mel_var_transform
static const struct mel_key_rule var_transform_rule[] = {
	MEL_TEXT_AT(T, "from", from, from_pos, ALWAYS),
	MEL_TEXT_AT(T, "match", match, match_pos, ALWAYS),
	MEL_TEXT(T, "replace", replace, ALWAYS),
	MEL_TEXT(T, "to", to, ALWAYS),
};
static const struct mel_schema var_transform_schema =
	MEL_SCHEMA("a var-transform", var_transform_rule, T, offsetof(T, pos), MEL_KEY_NOWHERE);
#undef T

/* Build options are written with capitals in the JSON record. */
#define MEL_JSON_ROW(key, kind, where, sub, json_name)                                         \
	{                                                                                      \
		.name = (key), .type = (kind), .flags = JSON_ALWAYS, .offset = (where),        \
		.schema = (sub), .pos_offset = MEL_KEY_NOWHERE, .has_offset = MEL_KEY_NOWHERE, \
		.json = (json_name)                                                            \
	}

#define T struct mel_option_packages
static const struct mel_key_rule option_packages_rule[] = {
	MEL_JSON_ROW("add", MEL_KEY_TEXTS, MEL_FIELD(T, add, struct mel_texts), NULL, "Add"),
	MEL_JSON_ROW("remove", MEL_KEY_TEXTS, MEL_FIELD(T, remove, struct mel_texts), NULL,
		     "Remove"),
};
static const struct mel_schema option_packages_schema =
	MEL_SCHEMA("packages", option_packages_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_option_contents
static const struct mel_key_rule option_contents_rule[] = {
	MEL_JSON_ROW("packages", MEL_KEY_STRUCT,
		     MEL_FIELD(T, packages, struct mel_option_packages),
		     &option_packages_schema, "Packages"),
};
static const struct mel_schema option_contents_schema =
	MEL_SCHEMA("contents", option_contents_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_option_environment
static const struct mel_key_rule option_environment_rule[] = {
	MEL_JSON_ROW("contents", MEL_KEY_STRUCT,
		     MEL_FIELD(T, contents, struct mel_option_contents),
		     &option_contents_schema, "Contents"),
};
static const struct mel_schema option_environment_schema =
	MEL_SCHEMA("environment", option_environment_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_option
static const struct mel_key_rule option_rule[] = {
	MEL_JSON_ROW("vars", MEL_KEY_TEXT_MAP, MEL_FIELD(T, vars, struct mel_text_map), NULL,
		     "Vars"),
	MEL_JSON_ROW("environment", MEL_KEY_STRUCT,
		     MEL_FIELD(T, environment, struct mel_option_environment),
		     &option_environment_schema, "Environment"),
};
static const struct mel_schema option_schema =
	MEL_SCHEMA("a build option", option_rule, T, offsetof(T, pos), offsetof(T, name));
#undef T

#define T struct mel_capabilities
static const struct mel_key_rule capabilities_rule[] = {
	MEL_TEXTS(T, "add", add, 0),
	MEL_TEXTS(T, "drop", drop, 0),
};
static const struct mel_schema capabilities_schema =
	MEL_SCHEMA("capabilities", capabilities_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T

#define T struct mel_config
static const struct mel_key_rule config_rule[] = {
	MEL_STRUCT(T, "package", package, struct mel_package, &package_schema, ALWAYS),
	MEL_STRUCT_PTR(T, "environment", environment, struct mel_environment,
		       &mel_environment_schema, VALUE | JSON_ALWAYS),
	MEL_STRUCT(T, "capabilities", capabilities, struct mel_capabilities,
		   &capabilities_schema, 0),
	MEL_STRUCT_LIST(T, "pipeline", pipeline, struct mel_pipeline, &mel_pipeline_schema, 0),
	MEL_STRUCT_LIST(T, "subpackages", subpackages, struct mel_subpackage,
			&subpackage_schema, 0),
	MEL_STRUCT_LIST(T, "data", data, struct mel_data, &data_schema, MEL_KEY_UNRECORDED),
	MEL_STRUCT_PTR(T, "update", update, struct mel_update, &mel_update_schema,
		       VALUE | JSON_ALWAYS),
	MEL_TEXT_MAP(T, "vars", vars, 0),
	MEL_STRUCT_LIST(T, "var-transforms", var_transforms, struct mel_var_transform,
			&var_transform_schema, 0),
	MEL_STRUCT_MAP(T, "options", options, struct mel_option, &option_schema, 0),
	MEL_STRUCT_PTR(T, "test", test, struct mel_test, &test_schema, 0),
};
const struct mel_schema mel_config_schema =
	MEL_SCHEMA("the build file", config_rule, T, MEL_KEY_NOWHERE, MEL_KEY_NOWHERE);
#undef T
