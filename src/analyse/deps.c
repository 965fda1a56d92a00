/* Lists of dependencies and their merge: see deps.h. */
#include "analyse/deps.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"

void mel_deps_add(struct mel_deps *deps, struct mel_deps_list *list, const char *text)
{
	mel_vec_push(list, mel_arena_strdup(&deps->arena, text));
}

void mel_deps_printf(struct mel_deps *deps, struct mel_deps_list *list, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	mel_deps_add(deps, list, text);
	free(text);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_list(struct mel_deps_list *list)
{
	size_t kept = 0;

	if (list->len)
		qsort(list->at, list->len, sizeof(*list->at), compare_texts);
	for (size_t i = 0; i < list->len; i++)
		if (kept == 0 || !mel_text_eq(list->at[i], list->at[kept - 1]))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

void mel_deps_sort(struct mel_deps *deps)
{
	sort_list(&deps->runtime);
	sort_list(&deps->provides);
	sort_list(&deps->vendored);
}

/* Names that are there: each text of a list up to its first '='. */
struct names {
	struct mel_map map;
	struct mel_arena arena;
};

static void names_add(struct names *names, const char *const *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		mel_map_set(&names->map,
			    mel_arena_strndup(&names->arena, text[i], strcspn(text[i], "=")),
			    NULL);
}

/* Is the need dep met by names? A library's minimum version does not count: it is ours. */
static bool names_have(struct names *names, const char *dep)
{
	const char *end = mel_text_starts(dep, "so-ver:") ? strstr(dep, ">=") : NULL;

	if (!end)
		return mel_map_has(&names->map, dep);

	char *name MEL_AUTO_FREE = mel_strndup(dep, (size_t)(end - dep));

	return mel_map_has(&names->map, name);
}

static void names_clear(struct names *names)
{
	mel_map_clear(&names->map);
	mel_arena_clear(&names->arena);
}

/* Does an option take text away from the list of found needs or offers? */
static bool is_hidden(const char *text, bool is_runtime, unsigned options)
{
	if ((options & MEL_DEPS_NO_COMMANDS) && mel_text_starts(text, "cmd:"))
		return true;
	if (!is_runtime)
		return options & MEL_DEPS_NO_PROVIDES;
	if (options & MEL_DEPS_NO_DEPENDS)
		return true;
	return (options & MEL_DEPS_NO_VERSIONED_SHLIB) && mel_text_starts(text, "so-ver:");
}

static void add_configured(struct mel_deps *out, struct mel_deps_list *list,
			   struct mel_text_list text, struct names *but)
{
	for (size_t i = 0; i < text.len; i++)
		if (!but || !names_have(but, text.at[i]))
			mel_deps_add(out, list, text.at[i]);
}

void mel_deps_merge(struct mel_deps *out, struct mel_deps *found, unsigned options,
		    struct mel_text_list runtime, struct mel_text_list provides)
{
	__attribute__((cleanup(names_clear))) struct names inside = { 0 }, offered = { 0 };

	*out = (struct mel_deps){ 0 };
	mel_deps_sort(found);
	for (size_t i = 0; i < found->provides.len; i++)
		if (!is_hidden(found->provides.at[i], false, options))
			mel_deps_add(out, &out->provides, found->provides.at[i]);
	add_configured(out, &out->provides, provides, NULL);
	names_add(&offered, out->provides.at, out->provides.len);
	/* For what was found, hidden offers count too: the file is in the package. */
	names_add(&inside, found->vendored.at, found->vendored.len);
	names_add(&inside, found->provides.at, found->provides.len);
	names_add(&inside, provides.at, provides.len);
	for (size_t i = 0; i < found->runtime.len; i++)
		if (!is_hidden(found->runtime.at[i], true, options) &&
		    !names_have(&inside, found->runtime.at[i]))
			mel_deps_add(out, &out->runtime, found->runtime.at[i]);
	add_configured(out, &out->runtime, runtime, &offered);
	for (size_t i = 0; i < found->vendored.len; i++)
		mel_deps_add(out, &out->vendored, found->vendored.at[i]);
	mel_deps_sort(out);
}

void mel_deps_clear(struct mel_deps *deps)
{
	mel_vec_clear(&deps->runtime);
	mel_vec_clear(&deps->provides);
	mel_vec_clear(&deps->vendored);
	mel_arena_clear(&deps->arena);
}
