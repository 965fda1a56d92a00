/* Structs to YAML and JSON by key tables: see record.h. */
#include "config/record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/yaml_write.h"
#include "config/schema.h"

struct writer {
	bool is_json;
	struct mel_json json;
	struct mel_yaml yaml;
};

/* --- the two formats -----------------------------------------------------------------------
 */

static void begin(struct writer *w, char open)
{
	if (w->is_json)
		mel_json_begin(&w->json, open);
	else
		mel_yaml_begin(&w->yaml, open);
}

static void end(struct writer *w, char close)
{
	if (w->is_json)
		mel_json_end(&w->json, close);
	else
		mel_yaml_end(&w->yaml);
}

static void key(struct writer *w, const char *name)
{
	if (w->is_json)
		mel_json_key(&w->json, name);
	else
		mel_yaml_key(&w->yaml, name);
}

static void text(struct writer *w, const char *value)
{
	if (w->is_json)
		mel_json_text(&w->json, value ? value : "");
	else
		mel_yaml_text(&w->yaml, value ? value : "");
}

/* Numbers, true and false look the same in both. */
static void raw(struct writer *w, const char *value)
{
	if (w->is_json)
		mel_json_raw(&w->json, value);
	else
		mel_yaml_raw(&w->yaml, value);
}

/* A list or map without a value: JSON tells it from an empty one. True: it has been written. */
static bool null_list(struct writer *w, const void *array)
{
	if (array || !w->is_json)
		return false;
	mel_json_raw(&w->json, "null");
	return true;
}

/* --- what is empty -------------------------------------------------------------------------
 */

static bool is_empty_struct(const char *value, const struct mel_schema *schema);

static size_t list_len(const void *place)
{
	return *(const size_t *)((const void *const *)place + 1);
}

static size_t shown_pairs(const struct writer *w, const struct mel_text_map *map)
{
	size_t len = 0;

	for (size_t i = 0; i < map->len; i++)
		len += w->is_json || !map->at[i].is_private;
	return len;
}

static bool is_empty(const char *value, const struct mel_key_rule *rule)
{
	const void *place = value + rule->offset;
	const char *inner;

	switch (rule->type) {
	case MEL_KEY_TEXT:
		inner = *(const char *const *)place;
		return !inner || !*inner;
	case MEL_KEY_BOOL:
		return !*(const bool *)place;
	case MEL_KEY_INT:
	case MEL_KEY_DURATION:
		return *(const int64_t *)place == 0;
	case MEL_KEY_UINT:
		return *(const uint64_t *)place == 0;
	case MEL_KEY_TEXTS:
		return ((const struct mel_texts *)place)->len == 0;
	case MEL_KEY_TEXT_MAP:
		return ((const struct mel_text_map *)place)->len == 0;
	case MEL_KEY_STRUCT:
		return is_empty_struct(place, rule->schema);
	case MEL_KEY_STRUCT_PTR:
		inner = *(const void *const *)place;
		return !inner ||
		       ((rule->flags & MEL_KEY_VALUE) && is_empty_struct(inner, rule->schema));
	case MEL_KEY_STRUCT_LIST:
	case MEL_KEY_STRUCT_MAP:
		return list_len(place) == 0;
	}
	return true;
}

static bool is_given(const char *value, const struct mel_key_rule *rule)
{
	return *(const bool *)(value + rule->has_offset);
}

static bool is_empty_struct(const char *value, const struct mel_schema *schema)
{
	for (size_t i = 0; i < schema->rule_len; i++) {
		const struct mel_key_rule *rule = &schema->rule[i];

		if (rule->flags & MEL_KEY_UNRECORDED)
			continue;
		if ((rule->flags & MEL_KEY_GIVEN) ? is_given(value, rule)
						  : !is_empty(value, rule))
			return false;
	}
	return true;
}

/* JSON has no empty struct, only one that is not there. */
static bool is_left_out_of_json(const char *value, const struct mel_key_rule *rule)
{
	if (rule->type == MEL_KEY_STRUCT)
		return false;
	if (rule->type == MEL_KEY_STRUCT_PTR)
		return !*(const void *const *)(const void *)(value + rule->offset);
	return is_empty(value, rule);
}

static bool is_left_out(const struct writer *w, const char *value,
			const struct mel_key_rule *rule)
{
	const struct mel_text_map *map = (const void *)(value + rule->offset);

	if (rule->flags & MEL_KEY_UNRECORDED)
		return true;
	if (rule->flags & MEL_KEY_GIVEN)
		return !is_given(value, rule);
	if (rule->flags & (w->is_json ? MEL_KEY_JSON_ALWAYS : MEL_KEY_ALWAYS))
		return false;
	if (rule->type == MEL_KEY_TEXT_MAP)
		return shown_pairs(w, map) == 0;
	return w->is_json ? is_left_out_of_json(value, rule) : is_empty(value, rule);
}

/* --- order of maps ---------------------------------------------------------------------------
 */

static size_t digits_len(const char *text)
{
	return strspn(text, "0123456789");
}

/* Bytewise, but runs of digits by their value, the shorter first of equal ones. */
static int compare_natural(const char *a, const char *b)
{
	while (*a && *b) {
		size_t a_len, b_len;

		if (!isdigit((unsigned char)*a) || !isdigit((unsigned char)*b)) {
			if (*a != *b)
				break;
			a++, b++;
			continue;
		}

		const char *a_value = a + strspn(a, "0"), *b_value = b + strspn(b, "0");

		a_len = digits_len(a_value);
		b_len = digits_len(b_value);
		if (a_len != b_len)
			return a_len < b_len ? -1 : 1;
		for (size_t i = 0; i < a_len; i++)
			if (a_value[i] != b_value[i])
				return a_value[i] < b_value[i] ? -1 : 1;
		if (a_value - a != b_value - b)
			return a_value - a < b_value - b ? -1 : 1;
		a = a_value + a_len;
		b = b_value + b_len;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

struct named {
	const char *name;
	const void *value;
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static int by_nature(const void *a, const void *b)
{
	return compare_natural(((const struct named *)a)->name,
			       ((const struct named *)b)->name);
}

static void sort(const struct writer *w, struct named *list, size_t len)
{
	qsort(list, len, sizeof(*list), w->is_json ? by_bytes : by_nature);
}

/* --- values ----------------------------------------------------------------------------------
 */

static void write_struct(struct writer *w, const char *value, const struct mel_schema *schema);

/* url, or "@tag url", with "xxxxx" for a password: scheme://user:password@host/path. */
static void masked_url(struct writer *w, const char *url)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_YAML_MAX_BYTES);
	const char *user = strstr(url, "://"), *at = NULL, *colon;

	if (user) {
		user += 3;
		at = memrchr(user, '@', strcspn(user, "/?#"));
	}
	colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
	if (!colon) {
		text(w, url);
		return;
	}
	mel_buf_add(&buf, url, (size_t)(colon + 1 - url));
	mel_buf_printf(&buf, "xxxxx%s", at);
	text(w, mel_buf_text(&buf));
}

static void write_texts(struct writer *w, const struct mel_texts *list, bool is_masked)
{
	if (null_list(w, list->at))
		return;
	begin(w, '[');
	for (size_t i = 0; i < list->len; i++) {
		if (is_masked)
			masked_url(w, list->at[i]);
		else
			text(w, list->at[i]);
	}
	end(w, ']');
}

static void write_text_map(struct writer *w, const struct mel_text_map *map)
{
	MEL_AUTO_FREE struct named *sorted = mel_alloc((map->len + 1) * sizeof(*sorted));
	size_t len = 0;

	if (null_list(w, map->at))
		return;
	for (size_t i = 0; i < map->len; i++)
		if (w->is_json || !map->at[i].is_private)
			sorted[len++] = (struct named){ map->at[i].key, map->at[i].value };
	sort(w, sorted, len);
	begin(w, '{');
	for (size_t i = 0; i < len; i++) {
		key(w, sorted[i].name);
		text(w, sorted[i].value);
	}
	end(w, '}');
}

static void write_list(struct writer *w, const void *place, const struct mel_schema *schema)
{
	const char *array = *(const void *const *)place;

	if (null_list(w, array))
		return;
	begin(w, '[');
	for (size_t i = 0; i < list_len(place); i++)
		write_struct(w, array + i * schema->size, schema);
	end(w, ']');
}

static void write_struct_map(struct writer *w, const void *place,
			     const struct mel_schema *schema)
{
	const char *array = *(const void *const *)place;
	size_t len = list_len(place);
	MEL_AUTO_FREE struct named *sorted = mel_alloc((len + 1) * sizeof(*sorted));

	if (null_list(w, array))
		return;
	for (size_t i = 0; i < len; i++) {
		const char *element = array + i * schema->size;

		sorted[i].name =
			*(const char *const *)(const void *)(element + schema->name_offset);
		sorted[i].value = element;
	}
	sort(w, sorted, len);
	begin(w, '{');
	for (size_t i = 0; i < len; i++) {
		key(w, sorted[i].name);
		write_struct(w, sorted[i].value, schema);
	}
	end(w, '}');
}

static void write_pointer(struct writer *w, const void *value, const struct mel_schema *schema)
{
	MEL_AUTO_FREE char *nothing = value ? NULL : mel_alloc(schema->size);

	write_struct(w, value ? value : nothing, schema);
}

static void write_int(struct writer *w, int64_t value)
{
	char number[32];

	snprintf(number, sizeof(number), "%lld", (long long)value);
	raw(w, number);
}

static void write_uint(struct writer *w, uint64_t value)
{
	char number[32];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)value);
	raw(w, number);
}

static void write_duration(struct writer *w, int64_t ns)
{
	char duration[MEL_DATE_BYTES];

	if (w->is_json) {
		write_int(w, ns);
		return;
	}
	mel_duration_format(ns, duration);
	text(w, duration);
}

static void write_value(struct writer *w, const char *value, const struct mel_key_rule *rule)
{
	const void *place = value + rule->offset;

	switch (rule->type) {
	case MEL_KEY_TEXT:
		text(w, *(const char *const *)place);
		break;
	case MEL_KEY_BOOL:
		raw(w, *(const bool *)place ? "true" : "false");
		break;
	case MEL_KEY_INT:
		write_int(w, *(const int64_t *)place);
		break;
	case MEL_KEY_UINT:
		write_uint(w, *(const uint64_t *)place);
		break;
	case MEL_KEY_DURATION:
		write_duration(w, *(const int64_t *)place);
		break;
	case MEL_KEY_TEXTS:
		write_texts(w, place, !w->is_json && (rule->flags & MEL_KEY_URLS));
		break;
	case MEL_KEY_TEXT_MAP:
		write_text_map(w, place);
		break;
	case MEL_KEY_STRUCT:
		write_struct(w, place, rule->schema);
		break;
	case MEL_KEY_STRUCT_PTR:
		write_pointer(w, *(const void *const *)place, rule->schema);
		break;
	case MEL_KEY_STRUCT_LIST:
		write_list(w, place, rule->schema);
		break;
	case MEL_KEY_STRUCT_MAP:
		write_struct_map(w, place, rule->schema);
		break;
	}
}

static void write_struct(struct writer *w, const char *value, const struct mel_schema *schema)
{
	begin(w, '{');
	for (size_t i = 0; i < schema->rule_len; i++) {
		const struct mel_key_rule *rule = &schema->rule[i];

		if (is_left_out(w, value, rule))
			continue;
		key(w, w->is_json && rule->json ? rule->json : rule->name);
		write_value(w, value, rule);
	}
	end(w, '}');
}

int mel_record_yaml(struct mel_buf *out, const struct mel_config *config)
{
	struct writer w = { .yaml = MEL_YAML_INIT(out) };

	write_struct(&w, (const void *)config, &mel_config_schema);
	return out->is_over ? -1 : 0;
}

int mel_record_json(struct mel_buf *out, const struct mel_config *config)
{
	struct writer w = { .is_json = true, .json = MEL_JSON_INIT(out) };

	w.json.is_compact = true;
	write_struct(&w, (const void *)config, &mel_config_schema);
	mel_buf_add_char(out, '\n');
	return out->is_over ? -1 : 0;
}
