/*
 * Checks of the whole build file after variables are put in: see buildfile.h. The order of the
 * checks is the order of the messages.
 */
#include "config/buildfile.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/slice.h"
#include "config/caps.h"

struct checker {
	struct mel_err **err;
	bool failed;
};

__attribute__((format(printf, 3, 4))) static void
problem(struct checker *c, const struct mel_pos *pos, const char *fmt, ...)
{
	struct mel_err *why = NULL;
	va_list ap;

	va_start(ap, fmt);
	MEL_AUTO_FREE char *text = NULL;
	if (vasprintf(&text, fmt, ap) < 0)
		text = mel_strdup(fmt);
	va_end(ap);
	mel_err_at(&why, pos, "%s", text);
	mel_err_append(c->err, why);
	c->failed = true;
}

/* ^[a-zA-Z\d][a-zA-Z\d+_.-]*$ */
static bool is_name(const char *name)
{
	if (!name || !isalnum((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("+_.-", *name))
			return false;
	return true;
}

/* A run of digits whose number fits 63 bits; moves *p behind it. */
static bool number(const char **p)
{
	uint64_t value = 0;
	const char *begin = *p;

	for (; isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**p - '0'), &value) ||
		    value > INT64_MAX)
			return false;
	return *p > begin;
}

/* One "_suffix<number>" of the words given, if there is one. False: a number is too large. */
static bool suffix(const char **p, const char *const *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!mel_text_starts(*p, word[i]))
			continue;
		*p += strlen(word[i]);
		return !isdigit((unsigned char)**p) || number(p);
	}
	return true;
}

/* Digits by dots, a letter, a suffix before and one after the release. */
static bool is_version(const char *p)
{
	static const char *const before[] = { "_alpha", "_beta", "_pre", "_rc" };
	static const char *const after[] = { "_cvs", "_svn", "_git", "_hg", "_p" };

	if (!number(&p))
		return false;
	while (*p == '.') {
		p++;
		if (!number(&p))
			return false;
	}
	if (*p >= 'a' && *p <= 'z')
		p++;
	return suffix(&p, before, MEL_COUNTOF(before)) &&
	       suffix(&p, after, MEL_COUNTOF(after)) && *p == '\0';
}

static bool has_revision(const char *version)
{
	const char *at = strrchr(version, '-');

	if (!at || at[1] != 'r' || !isdigit((unsigned char)at[2]))
		return false;
	for (at += 2; *at; at++)
		if (!isdigit((unsigned char)*at))
			return false;
	return true;
}

static void check_version(struct checker *c, const struct mel_package *package)
{
	const char *version = package->version ? package->version : "";
	const struct mel_pos *pos =
		package->version_pos.file ? &package->version_pos : &package->pos;

	if (!*version)
		problem(c, pos, "package version must not be empty");
	else if (has_revision(version))
		problem(c, pos, "version '%s' ends in a revision; write it as 'epoch'",
			version);
	else if (!is_version(version))
		problem(c, pos,
			"unable to parse version '%s': expected numbers by dots, then perhaps "
			"a "
			"letter, _alpha _beta _pre _rc, _cvs _svn _git _hg _p",
			version);
}

static void check_priority(struct checker *c, const char *value, const struct mel_pos *pos,
			   const char *key)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	int64_t number_value;

	if (value && *value && mel_slice_i64(mel_slice_of(value), &number_value, &ignored) < 0)
		problem(c, pos, "%s: priority must convert to integer, found '%s'", key, value);
}

static void check_dependencies(struct checker *c, const struct mel_dependencies *deps)
{
	check_priority(c, deps->provider_priority, &deps->provider_priority_pos,
		       "provider-priority");
	check_priority(c, deps->replaces_priority, &deps->replaces_priority_pos,
		       "replaces-priority");
}

static bool given(const char *text)
{
	return text && *text;
}

static void check_steps(struct checker *c, const struct mel_pipeline *step, size_t len)
{
	for (size_t i = 0; i < len; i++, step++) {
		if (step->with.len && !given(step->uses))
			problem(c, &step->pos, "pipeline contains with but no uses");
		if (given(step->uses) && given(step->runs))
			problem(c, &step->uses_pos,
				"pipeline cannot contain both uses \"%s\" and runs",
				step->uses);
		if (given(step->uses) && step->pipeline_len)
			mel_log(MEL_LOG_WARN,
				"%s:%u:%u: a step with both uses and pipeline counts as "
				"compiled: "
				"'%s' is not loaded",
				step->pos.file ? step->pos.file : "", step->pos.line,
				step->pos.column, step->uses);
		if (step->assertions && step->assertions->required_steps < 0)
			problem(c, &step->assertions->pos,
				"required-steps may not be negative");
		check_steps(c, step->pipeline, step->pipeline_len);
	}
}

static void check_setcap(struct checker *c, const struct mel_setcap *setcap, size_t len)
{
	for (size_t i = 0; i < len; i++, setcap++) {
		for (size_t j = 0; j < setcap->add.len; j++) {
			struct mel_slice rest = mel_slice_of(setcap->add.at[j].key), name;

			while (mel_slice_next(&rest, ',', &name))
				if (mel_cap_number(name) < 0)
					problem(c, &setcap->pos,
						"invalid capability \"%.*s\" for path \"%s\"",
						(int)name.len, name.ptr,
						setcap->path ? setcap->path : "");
		}
		if (!given(setcap->path))
			problem(c, &setcap->pos, "setcap wants a path");
		if (!given(setcap->reason))
			problem(c, &setcap->pos, "unjustified reason for capability");
	}
}

static void check_capabilities(struct checker *c, const struct mel_texts *list)
{
	static const struct mel_pos nowhere;

	for (size_t i = 0; i < list->len; i++)
		if (mel_cap_number(mel_slice_of(list->at[i])) < 0)
			problem(c, list->pos ? &list->pos[i] : &nowhere,
				"unknown capability '%s'", list->at[i]);
}

static void check_subpackages(struct checker *c, const struct mel_config *config)
{
	struct mel_map seen MEL_AUTO_MAP = { 0 };

	for (size_t i = 0; i < config->subpackages_len; i++) {
		const struct mel_subpackage *sub = &config->subpackages[i];
		const char *name = sub->name ? sub->name : "";

		if (config->package.name && mel_text_eq(name, config->package.name))
			problem(c, &sub->name_pos,
				"subpackage[%zu] has same name as main package: \"%s\"", i,
				name);
		else if (mel_map_has(&seen, name))
			problem(c, &sub->name_pos,
				"saw duplicate subpackage name \"%s\" (subpackages index: %zu "
				"and "
				"%zu)",
				name, (size_t)(uintptr_t)mel_map_get(&seen, name) - 1, i);
		else if (!is_name(name))
			problem(c, sub->name_pos.file ? &sub->name_pos : &sub->pos,
				"subpackage name \"%s\" (subpackages index: %zu) must match "
				"regex "
				"^[a-zA-Z0-9][a-zA-Z0-9+_.-]*$",
				name, i);
		mel_map_set(&seen, name, (void *)(uintptr_t)(i + 1));
		check_dependencies(c, &sub->dependencies);
		check_steps(c, sub->pipeline, sub->pipeline_len);
		if (sub->test)
			check_steps(c, sub->test->pipeline, sub->test->pipeline_len);
		check_setcap(c, sub->setcap, sub->setcap_len);
	}
}

/* ^[a-z\d][a-z\d+_.-]*$ */
static bool is_cpe_value(const char *text)
{
	if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) &&
		    !strchr("+_.-", *text))
			return false;
	return true;
}

static void check_cpe(struct checker *c, const struct mel_cpe *cpe)
{
	const struct {
		const char *name, *value;
	} field[] = {
		{ "vendor", cpe->vendor },         { "product", cpe->product },
		{ "edition", cpe->edition },       { "language", cpe->language },
		{ "sw_edition", cpe->sw_edition }, { "target_sw", cpe->target_sw },
		{ "target_hw", cpe->target_hw },   { "other", cpe->other },
	};

	if (given(cpe->part) && !mel_text_eq(cpe->part, "a") && !mel_text_eq(cpe->part, "o"))
		problem(c, &cpe->pos, "CPE validation: part must be 'a' or 'o', found '%s'",
			cpe->part);
	if (given(cpe->vendor) != given(cpe->product))
		problem(c, &cpe->pos, "CPE validation: vendor and product go together");
	for (size_t i = 0; i < MEL_COUNTOF(field); i++)
		if (given(field[i].value) && !is_cpe_value(field[i].value))
			problem(c, &cpe->pos,
				"CPE validation: %s '%s' must match ^[a-z0-9][a-z0-9+_.-]*$",
				field[i].name, field[i].value);
}

static void check_accounts(struct checker *c, const struct mel_accounts *accounts)
{
	for (size_t i = 0; i < accounts->user_len; i++) {
		const struct mel_user *user = &accounts->user[i];

		if (!given(user->username))
			problem(c, &user->pos, "a user wants a username");
		else if (user->uid == 0 || user->uid >= UINT32_MAX)
			problem(c, &user->pos, "user '%s' wants a uid above 0 and below 2^32-1",
				user->username);
	}
	for (size_t i = 0; i < accounts->group_len; i++)
		if (!given(accounts->group[i].groupname))
			problem(c, &accounts->group[i].pos, "a group wants a groupname");
}

static void check_names(struct checker *c, const struct mel_text_map *map)
{
	for (size_t i = 0; i < map->len; i++)
		if (!*map->at[i].key || strchr(map->at[i].key, '='))
			problem(c, &map->at[i].pos,
				"'%s' cannot be the name of an environment variable",
				map->at[i].key);
}

int mel_config_validate(const struct mel_config *config, struct mel_err **err)
{
	const struct mel_package *package = &config->package;
	struct checker c = { err, false };

	if (!is_name(package->name))
		problem(&c, package->name_pos.file ? &package->name_pos : &package->pos,
			"package name must match regex ^[a-zA-Z0-9][a-zA-Z0-9+_.-]*$, found "
			"'%s'",
			package->name ? package->name : "");
	check_version(&c, package);
	check_dependencies(&c, &package->dependencies);
	check_steps(&c, config->pipeline, config->pipeline_len);
	if (config->test)
		check_steps(&c, config->test->pipeline, config->test->pipeline_len);
	check_setcap(&c, package->setcap, package->setcap_len);
	check_subpackages(&c, config);
	check_cpe(&c, &package->cpe);
	check_capabilities(&c, &config->capabilities.add);
	check_capabilities(&c, &config->capabilities.drop);
	if (config->environment) {
		check_accounts(&c, &config->environment->accounts);
		check_names(&c, &config->environment->environment);
	}
	return c.failed ? -1 : 0;
}

const char *mel_cpe_text(const struct mel_package *package, struct mel_arena *arena)
{
	const struct mel_cpe *cpe = &package->cpe;
	const char *const field[] = { cpe->edition,   cpe->language,  cpe->sw_edition,
				      cpe->target_sw, cpe->target_hw, cpe->other };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(4096);

	if (!given(cpe->vendor))
		return NULL;
	mel_buf_printf(&text, "cpe:2.3:%s:%s:%s:%s:*", given(cpe->part) ? cpe->part : "a",
		       cpe->vendor, cpe->product, package->version);
	for (size_t i = 0; i < MEL_COUNTOF(field); i++)
		mel_buf_printf(&text, ":%s", given(field[i]) ? field[i] : "*");
	return mel_arena_strdup(arena, mel_buf_text(&text));
}
