/* Log records as text and JSON: see record.h. */
#include "cmd/record.h"

#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "cmd/sink.h"

struct level_name {
	int from; /* lowest level that has this name */
	const char *text, *json, *cloud, *color;
};

/* Levels may lie between the four named ones; the name is that of the next lower one. */
static const struct level_name *level_name(int level)
{
	static const struct level_name names[] = {
		{ MEL_LOG_ERROR, "ERRO", "ERROR", "ERROR", "\033[1;31m" },
		{ MEL_LOG_WARN, "WARN", "WARN", "WARNING", "\033[1;33m" },
		{ MEL_LOG_INFO, "INFO", "INFO", "INFO", "\033[1;36m" },
	};
	static const struct level_name lowest = { 0, "DEBU", "DEBUG", "DEBUG", "\033[1;35m" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (level >= names[i].from)
			return &names[i];
	return &lowest;
}

/* Bytes of the UTF-8 character at p (at most left), 0 if it is none. Source: RFC 3629. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char lead_from, lead_to, second_from, second_to, len;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t len = forms[i].len;

		if (p[0] < forms[i].lead_from || p[0] > forms[i].lead_to)
			continue;
		if (len > left)
			return 0;
		if (len > 1 && (p[1] < forms[i].second_from || p[1] > forms[i].second_to))
			return 0;
		for (size_t k = 2; k < len; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return len;
	}
	return 0;
}

static bool is_c1(const unsigned char *p, size_t len)
{
	return len == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

static void escape(struct mel_buf *out, const char *text, size_t text_len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + text_len;

	while (p < end) {
		size_t len = utf8_len(p, (size_t)(end - p));
		bool is_kept = len > 1 ? !is_c1(p, len)
				       : len == 1 && ((*p >= ' ' && *p != 0x7f) || *p == '\n' ||
						      *p == '\t');

		if (*p == '\r' && (p + 1 == end || p[1] == '\n')) {
			p++;
			continue;
		}
		if (is_kept)
			mel_buf_add(out, p, len);
		else
			for (size_t i = 0; i < (len ? len : 1); i++)
				mel_buf_printf(out, "\\x%02x", p[i]);
		p += len ? len : 1;
	}
}

void mel_sink_escape(struct mel_buf *out, const char *text)
{
	escape(out, text, strlen(text));
}

static void add_text(struct mel_buf *out, const char *text, size_t len, unsigned flags)
{
	if (flags & MEL_RECORD_ESCAPE)
		escape(out, text, len);
	else
		mel_buf_add(out, text, len);
}

static void add_message(struct mel_buf *out, const char *text, unsigned flags)
{
	for (;;) {
		size_t len = strcspn(text, "\t");

		add_text(out, text, len, flags);
		if (!text[len])
			return;
		mel_buf_add_text(out, "    ");
		text += len + 1;
	}
}

static bool needs_quotes(const char *value)
{
	const unsigned char *p = (const unsigned char *)value;
	size_t left = strlen(value);

	while (left > 0) {
		size_t len = utf8_len(p, left);

		if (len == 0 || is_c1(p, len) || (len == 1 && (*p <= ' ' || *p == 0x7f)) ||
		    *p == '"' || *p == '=')
			return true;
		p += len;
		left -= len;
	}
	return value[0] == '\0';
}

static void add_quoted(struct mel_buf *out, const char *value)
{
	mel_buf_add_char(out, '"');
	for (const char *p = value; *p; p++) {
		size_t len = strcspn(p, "\"\\\t\r");

		escape(out, p, len);
		p += len;
		if (!*p)
			break;
		mel_buf_add_char(out, '\\');
		mel_buf_add_char(out, *p == '\t' ? 't' : *p == '\r' ? 'r' : *p);
	}
	mel_buf_add_char(out, '"');
}

static void add_block(struct mel_buf *out, const struct mel_log_attr *attr, unsigned flags)
{
	struct mel_slice rest = mel_slice_of(attr->value), line;

	mel_buf_printf(out, "\n  %s=", attr->key);
	if (mel_slice_ends(rest, "\n"))
		rest.len--;
	while (mel_slice_next(&rest, '\n', &line)) {
		mel_buf_add_text(out, "\n  │ ");
		add_text(out, line.ptr, line.len, flags);
	}
}

static void add_attr(struct mel_buf *out, const struct mel_log_attr *attr, unsigned flags)
{
	if (strchr(attr->value, '\n')) {
		add_block(out, attr, flags);
		return;
	}
	if (flags & MEL_RECORD_COLOR)
		mel_buf_printf(out, " \033[2m%s=\033[0m", attr->key);
	else
		mel_buf_printf(out, " %s=", attr->key);
	if (needs_quotes(attr->value))
		add_quoted(out, attr->value);
	else
		mel_buf_add_text(out, attr->value);
}

void mel_log_record_text(struct mel_buf *out, const struct mel_log_record *record,
			 const struct timespec *now, unsigned flags)
{
	const struct level_name *name = level_name((int)record->level);
	struct tm tm = { .tm_year = 70 };
	char date[32];

	localtime_r(&now->tv_sec, &tm);
	strftime(date, sizeof(date), "%Y/%m/%d %H:%M:%S", &tm);
	if (flags & MEL_RECORD_COLOR)
		mel_buf_printf(out, "%s %s%s\033[0m ", date, name->color, name->text);
	else
		mel_buf_printf(out, "%s %s ", date, name->text);
	add_message(out, record->text, flags);
	for (size_t i = 0; i < record->attr_len; i++)
		add_attr(out, &record->attr[i], flags);
	mel_buf_add_char(out, '\n');
}

/* Bytes that are no UTF-8 become U+FFFD, since JSON has no way to hold them. */
static void add_json(struct mel_buf *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text);

	mel_buf_add_char(out, '"');
	while (left > 0) {
		size_t len = utf8_len(p, left);

		if (len == 0)
			mel_buf_add_text(out, "\xef\xbf\xbd");
		else if (*p == '"' || *p == '\\')
			mel_buf_printf(out, "\\%c", *p);
		else if (*p == '\n' || *p == '\t')
			mel_buf_add_text(out, *p == '\n' ? "\\n" : "\\t");
		else if (*p < ' ' || *p == 0x7f)
			mel_buf_printf(out, "\\u%04x", *p);
		else
			mel_buf_add(out, p, len);
		len = len ? len : 1;
		p += len;
		left -= len;
	}
	mel_buf_add_char(out, '"');
}

void mel_log_record_json(struct mel_buf *out, const struct mel_log_record *record,
			 const struct timespec *now, bool for_cloud)
{
	const struct level_name *name = level_name((int)record->level);
	struct tm tm = { .tm_year = 70 };
	char date[32];

	gmtime_r(&now->tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	mel_buf_printf(out, "{\"time\":\"%s.%09ldZ\",\"%s\":\"%s\",\"%s\":", date, now->tv_nsec,
		       for_cloud ? "severity" : "level", for_cloud ? name->cloud : name->json,
		       for_cloud ? "message" : "msg");
	add_json(out, record->text);
	for (size_t i = 0; i < record->attr_len; i++) {
		mel_buf_add_char(out, ',');
		add_json(out, record->attr[i].key);
		mel_buf_add_char(out, ':');
		add_json(out, record->attr[i].value);
	}
	mel_buf_add_text(out, "}\n");
}
