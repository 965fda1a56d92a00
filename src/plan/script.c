/* Shell texts of steps: see script.h. */
#include "plan/script.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"
#include "plan/plan.h"

const char *mel_script_make(struct mel_arena *arena, const char *runs, bool is_debug)
{
	/* An empty line in front of exit: a backslash at the end of runs swallows one. */
	return mel_arena_printf(arena, "set -e%so pipefail\n%s\n\nexit 0", is_debug ? "x" : "",
				runs);
}

/* --- the record -------------------------------------------------------------------------- */

enum { MAX_NEST = 64, MAX_HEREDOCS = 8 };

/* What the reader of a shell text is in; the stack of them is nest[]. */
enum mode {
	PLAIN = 'p',   /* commands: also within $( ) */
	SINGLE = '\'', /* single quotes */
	DOUBLE = '"',  /* double quotes */
	BACK = '`',
	BRACE = '{', /* ${ } */
	MATHS = '(', /* $(( )) */
};

struct heredoc {
	struct mel_slice word; /* without quotes */
	bool is_indented;      /* <<-: tabs in front of the end do not count */
};

struct lexer {
	const char *text, *at;
	bool is_joined; /* the line before ends in a backslash */
	char nest[MAX_NEST];
	size_t depth; /* nest[depth] is where we are */
	struct heredoc heredoc[MAX_HEREDOCS];
	size_t heredoc_len;
	const char *comment; /* where one begins behind other text of the line, or NULL */
	bool is_lost;        /* nested beyond understanding: everything is kept from here on */
};

static void enter(struct lexer *l, enum mode mode)
{
	if (l->depth + 1 == MAX_NEST)
		l->is_lost = true;
	else
		l->nest[++l->depth] = (char)mode;
}

static void leave(struct lexer *l)
{
	if (l->depth > 0)
		l->depth--;
}

static bool is_commands(const struct lexer *l)
{
	return l->nest[l->depth] == PLAIN || l->nest[l->depth] == BACK;
}

/* A here-document's "<<" at l->at: note its word. */
static void heredoc(struct lexer *l)
{
	struct heredoc *doc = &l->heredoc[l->heredoc_len];
	const char *start;
	char quote = 0;

	l->at += 2;
	if (*l->at == '<') { /* a here-string */
		l->at++;
		return;
	}
	if (l->heredoc_len == MAX_HEREDOCS) {
		l->is_lost = true;
		return;
	}
	doc->is_indented = *l->at == '-';
	l->at += doc->is_indented;
	l->at += strspn(l->at, " \t");
	if (*l->at == '\'' || *l->at == '"')
		quote = *l->at++;
	l->at += *l->at == '\\';
	start = l->at;
	while (*l->at && *l->at != '\n' &&
	       (quote ? *l->at != quote : !strchr(" \t;&|<>()'\"", *l->at)))
		l->at++;
	doc->word = mel_slice_make(start, (size_t)(l->at - start));
	l->at += quote && *l->at == quote;
	l->heredoc_len += doc->word.len > 0;
}

/* A dollar at l->at and what it opens. */
static void dollar(struct lexer *l)
{
	if (strncmp(l->at, "$((", 3) == 0) {
		enter(l, MATHS);
		enter(l, MATHS);
		l->at += 3;
	} else if (l->at[1] == '(') {
		enter(l, PLAIN);
		l->at += 2;
	} else if (l->at[1] == '{') {
		enter(l, BRACE);
		l->at += 2;
	} else {
		l->at++;
		/* $# is no comment */
		if (*l->at == '#')
			l->at++;
	}
}

/* Whether a word, or a comment, can begin at l->at. Lines joined by a backslash are one. */
static bool begins_word(const struct lexer *l, const char *line)
{
	if (l->at != line)
		return strchr(" \t;&|()`", l->at[-1]);
	return !l->is_joined || l->at - l->text < 3 || strchr(" \t;&|()`\n", l->at[-3]);
}

static void in_commands(struct lexer *l, const char *line)
{
	char c = *l->at;
	bool is_word = begins_word(l, line);

	if (c == '#' && is_word) {
		l->comment = l->at;
		l->at += strcspn(l->at, "\n");
	} else if (l->depth > 0 && is_word && strncmp(l->at, "case", 4) == 0) {
		l->is_lost = true; /* its lone ')' would be taken for the end */
		l->at += 4;
	} else if (c == '\'' || c == '"') {
		enter(l, (enum mode)c);
		l->at++;
	} else if (c == '`') {
		if (l->nest[l->depth] == BACK)
			leave(l);
		else
			enter(l, BACK);
		l->at++;
	} else if (c == '<' && l->at[1] == '<') {
		heredoc(l);
	} else if (c == '(') {
		enter(l, PLAIN);
		l->at++;
	} else {
		if (c == ')')
			leave(l);
		l->at++;
	}
}

/* Read one character, or what belongs together, on the line that begins at line. */
static void step(struct lexer *l, const char *line)
{
	char mode = l->nest[l->depth], c = *l->at;

	if (mode == SINGLE) {
		if (c == '\'')
			leave(l);
		l->at++;
	} else if (c == '\\') {
		l->at += l->at[1] ? 2 : 1;
	} else if (c == '$') {
		dollar(l);
	} else if (is_commands(l)) {
		in_commands(l, line);
	} else {
		if ((mode == DOUBLE && c == '"') || (mode == BRACE && c == '}') ||
		    (mode == MATHS && c == ')'))
			leave(l);
		else if (mode == MATHS && c == '(')
			enter(l, MATHS);
		else if ((mode == BRACE && (c == '"' || c == '\'')))
			enter(l, (enum mode)c);
		else if (mode == DOUBLE && c == '`')
			enter(l, BACK);
		l->at++;
	}
}

/* l->at behind the bodies of the here-documents noted on the line before. */
static void skip_heredocs(struct lexer *l)
{
	for (size_t i = 0; i < l->heredoc_len; i++) {
		bool is_end = false;

		while (*l->at && !is_end) {
			size_t len = strcspn(l->at, "\n");
			struct mel_slice line = { l->at, len };

			while (l->heredoc[i].is_indented && mel_slice_starts(line, "\t"))
				line = mel_slice_make(line.ptr + 1, line.len - 1);
			is_end = mel_slice_eq(line, l->heredoc[i].word);
			l->at += len + (l->at[len] == '\n');
		}
	}
	l->heredoc_len = 0;
}

/* The line from line to l->at, without a comment at its end. */
static void add_line(struct mel_buf *buf, const struct lexer *l, const char *line)
{
	const char *end = l->comment;

	if (!end || l->is_lost) {
		mel_buf_add(buf, line, (size_t)(l->at - line));
		return;
	}
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	mel_buf_add(buf, line, (size_t)(end - line));
	if (l->at[-1] == '\n')
		mel_buf_add_char(buf, '\n');
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t");
	return line[0] == '#';
}

static void record_line(struct lexer *l, struct mel_buf *buf)
{
	const char *line = l->at, *end = line + strcspn(line, "\n");

	if (!l->is_lost && !l->is_joined && is_commands(l) && is_comment(line)) {
		l->at = end + (*end == '\n');
		return;
	}
	l->comment = NULL;
	while (l->at < end)
		step(l, line);
	l->is_joined = l->at > end; /* the backslash took the line feed along */
	if (!l->is_joined && *l->at == '\n')
		l->at++;
	add_line(buf, l, line);
	if (l->is_joined)
		return;
	end = l->at;
	skip_heredocs(l);
	mel_buf_add(buf, end, (size_t)(l->at - end));
}

const char *mel_script_record(struct mel_arena *arena, const char *runs)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct lexer l = { .text = runs, .at = runs, .nest = { PLAIN } };

	if (!strchr(runs, '#'))
		return runs;
	if (runs[0] == '#' && runs[1] == '!') { /* names an interpreter */
		l.at += strcspn(l.at, "\n");
		mel_buf_add(&buf, runs, (size_t)(l.at - runs));
	}
	while (*l.at)
		record_line(&l, &buf);
	return mel_arena_slice(arena, mel_buf_slice(&buf));
}

/* --- folders ----------------------------------------------------------------------------- */

const char *mel_script_workdir(struct mel_arena *arena, const char *outer, const char *dir)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_FREE char *joined = NULL;
	struct mel_slice rest, piece;

	if (!dir || !*dir)
		return outer;
	joined = *dir == '/' ? mel_strdup(dir) : mel_asprintf(MEL_PLAN_HOME "/%s", dir);
	rest = mel_slice_of(joined);
	while (mel_slice_next(&rest, '/', &piece)) {
		if (piece.len == 0 || mel_slice_eq_text(piece, "."))
			continue;
		if (mel_slice_eq_text(piece, "..")) {
			const char *slash = strrchr(mel_buf_text(&buf), '/');

			mel_buf_truncate(&buf, slash ? (size_t)(slash - buf.ptr) : 0);
			continue;
		}
		mel_buf_add_char(&buf, '/');
		mel_buf_add_slice(&buf, piece);
	}
	return buf.len ? mel_arena_slice(arena, mel_buf_slice(&buf)) : "/";
}
