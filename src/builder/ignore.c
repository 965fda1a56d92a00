/* Patterns of .melangeignore: see ignore.h. Source: gitignore(5). */
#include "builder/ignore.h"

#include <errno.h>
#include <fnmatch.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/slice.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static void add_line(struct mel_ignore *out, struct mel_slice line)
{
	struct mel_ignore_rule rule = { 0 };

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	while (line.len && line.ptr[line.len - 1] == ' ' &&
	       !(line.len > 1 && line.ptr[line.len - 2] == '\\'))
		line.len--;
	if (line.len == 0 || line.ptr[0] == '#')
		return;
	if (line.ptr[0] == '!') {
		rule.is_negated = true;
		line.ptr++, line.len--;
	}
	if (line.len && line.ptr[line.len - 1] == '/') {
		rule.is_dir_only = true;
		line.len--;
	}
	rule.is_anchored = memchr(line.ptr, '/', line.len) != NULL;
	if (line.len && line.ptr[0] == '/')
		line.ptr++, line.len--;
	if (line.len == 0)
		return;
	rule.pattern = mel_arena_slice(&out->arena, line);
	mel_vec_push(&out->rule, rule);
}

void mel_ignore_parse(struct mel_ignore *out, const char *text, size_t len)
{
	struct mel_slice rest = mel_slice_make(text, len), line;

	if (mel_slice_starts(rest, "\xef\xbb\xbf"))
		rest.ptr += 3, rest.len -= 3;
	while (mel_slice_next(&rest, '\n', &line))
		add_line(out, line);
}

int mel_ignore_load(struct mel_ignore *out, int dirfd, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);

	if (faccessat(dirfd, ".melangeignore", F_OK, 0) < 0 && errno == ENOENT)
		return 0;
	if (mel_file_read(dirfd, ".melangeignore", &text, err) < 0)
		return -1;
	mel_ignore_parse(out, mel_buf_text(&text), text.len);
	return 0;
}

/* One pattern component against one path component, lengths given. */
static bool component_match(struct mel_slice pattern, struct mel_slice name)
{
	char p[256], n[256];

	if (pattern.len >= sizeof(p) || name.len >= sizeof(n))
		return false;
	memcpy(p, pattern.ptr, pattern.len);
	p[pattern.len] = '\0';
	memcpy(n, name.ptr, name.len);
	n[name.len] = '\0';
	return fnmatch(p, n, 0) == 0;
}

/* Pattern against path by components; "**" stands for any number of them. */
static bool path_match(struct mel_slice pattern, struct mel_slice path)
{
	struct mel_slice star_pattern = { 0 }, star_path = { 0 };

	for (;;) {
		struct mel_slice p_next = pattern, n_next = path, p, n;
		bool has_pattern = mel_slice_next(&p_next, '/', &p);
		bool has_path = mel_slice_next(&n_next, '/', &n);

		if (has_pattern && mel_slice_eq_text(p, "**")) {
			if (!p_next.ptr)
				return has_path; /* a trailing one matches everything inside */
			star_pattern = p_next;
			star_path = path;
			pattern = p_next;
			continue;
		}
		if (!has_pattern && !has_path)
			return true;
		if (has_pattern && has_path && component_match(p, n)) {
			pattern = p_next;
			path = n_next;
			continue;
		}
		/* Let the last "**" take one more component. */
		if (!star_pattern.ptr || !star_path.ptr || !mel_slice_next(&star_path, '/', &n))
			return false;
		pattern = star_pattern;
		path = star_path;
	}
}

bool mel_ignore_match(const struct mel_ignore *ignore, const char *path, bool is_dir)
{
	for (size_t i = ignore->rule.len; i-- > 0;) {
		const struct mel_ignore_rule *rule = &ignore->rule.at[i];
		const char *subject = rule->is_anchored ? path : mel_text_basename(path);

		if (rule->is_dir_only && !is_dir)
			continue;
		if (path_match(mel_slice_of(rule->pattern), mel_slice_of(subject)))
			return !rule->is_negated;
	}
	return false;
}

void mel_ignore_clear(struct mel_ignore *ignore)
{
	mel_vec_clear(&ignore->rule);
	mel_arena_clear(&ignore->arena);
}
