/*
 * words.c - splits a text into words by a shell's quoting rules, without a shell (words.h).
 * Also the verb `exec`, which hands such words to a command.
 */
#include "guest/words.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/command.h"
#include "guest/helper.h"

struct split {
	const char *at; /* what is still to be read */
	const char *why;
	struct mel_helper_list *out;
	char *word; /* the word being built; NULL between words */
	size_t len, cap;
	unsigned depth; /* of $(...) and ${...} in each other */
};

enum { MAX_DEPTH = 8 };

#define SILENT    "2>/dev/null"
#define NOT_KNOWN "only ${NAME}, ${NAME:-TEXT} and ${NAME:+TEXT} are known"

/* A word begins here, perhaps an empty one: '' is a word too. */
static void open_word(struct split *s)
{
	if (s->word)
		return;
	s->cap = 32;
	s->len = 0;
	s->word = mel_helper_grow(NULL, s->cap);
}

static void add_char(struct split *s, char c)
{
	open_word(s);
	if (s->len + 2 > s->cap) {
		s->cap *= 2;
		s->word = mel_helper_grow(s->word, s->cap);
	}
	s->word[s->len++] = c;
}

static void end_word(struct split *s)
{
	if (!s->word)
		return;
	s->word[s->len] = '\0';
	mel_helper_list_push(s->out, s->word);
	s->word = NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int refuse(struct split *s, const char *why)
{
	s->why = why;
	return -1;
}

static void add_value(struct split *s, const char *value, bool quoted)
{
	for (; *value; value++) {
		if (quoted || !is_blank(*value))
			add_char(s, *value);
		else
			end_word(s);
	}
}

static int split_words(struct mel_helper_list *out, const char *text, unsigned depth,
		       const char **why);
static int read_char(struct split *s);
static int read_quoted(struct split *s);

/* Read text as if it stood here. */
static int read_inserted(struct split *s, const char *text, bool quoted)
{
	const char *behind = s->at;

	s->at = text;
	while (*s->at)
		if ((quoted ? read_quoted(s) : read_char(s)) < 0)
			return -1;
	s->at = behind;
	return 0;
}

/* Length of what stands before the bracket that closes the one before text; -1: none does. */
static ptrdiff_t closing(const char *text, char open, char close)
{
	char quote = '\0';
	unsigned depth = 1;

	for (const char *at = text; *at; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (quote)
			quote = *at == quote ? '\0' : quote;
		else if ((*at == '\'' && open == '(') || *at == '"')
			quote = *at;
		else if (*at == open)
			depth++;
		else if (*at == close && --depth == 0)
			return at - text;
	}
	return -1;
}

/* $(COMMAND), at the character behind '('. */
static int expand_command(struct split *s, bool quoted)
{
	MEL_HELPER_LIST struct mel_helper_list words = { 0 };
	MEL_HELPER_FREE char *text = NULL, *output = NULL;
	ptrdiff_t len = closing(s->at, '(', ')');
	char *silent;

	if (len < 0)
		return refuse(s, "a $( is not closed");
	text = mel_helper_copy(s->at, (size_t)len);
	s->at += len + 1;
	silent = strstr(text, " " SILENT);
	if (silent)
		memset(silent, ' ', strlen(" " SILENT));
	if (++s->depth > MAX_DEPTH)
		return refuse(s, "too many $(...) in each other");
	if (split_words(&words, text, s->depth, &s->why) < 0)
		return -1;
	if (!mel_helper_is_harmless(&words))
		return refuse(s,
			      "commands in $(...) are not run, but for " MEL_HELPER_HARMLESS);
	s->depth--;
	output = mel_helper_output(&words, silent != NULL);
	add_value(s, output, quoted);
	return 0;
}

/* ${NAME:-TEXT} and ${NAME:+TEXT}, at the ':'; value is that of NAME. */
static int expand_choice(struct split *s, const char *value, bool quoted)
{
	MEL_HELPER_FREE char *text = NULL;
	bool is_set = value && *value;
	ptrdiff_t len = closing(s->at, '{', '}');
	char kind = s->at[1];
	int result = 0;

	if (len < 2 || (kind != '-' && kind != '+'))
		return refuse(s, NOT_KNOWN);
	if (++s->depth > MAX_DEPTH)
		return refuse(s, "too many ${...} in each other");
	text = mel_helper_copy(s->at + 2, (size_t)len - 2);
	s->at += len + 1;
	if (is_set == (kind == '+'))
		result = read_inserted(s, text, quoted);
	else if (is_set)
		add_value(s, value, quoted);
	s->depth--;
	return result;
}

/* At the character behind '$'. */
static int expand(struct split *s, bool quoted)
{
	bool braces = *s->at == '{';
	const char *name = s->at + braces;
	size_t len = 0;
	MEL_HELPER_FREE char *copy = NULL;
	const char *value;

	if (*s->at == '(') {
		s->at++;
		return expand_command(s, quoted);
	}
	while (isalnum((unsigned char)name[len]) || name[len] == '_')
		len++;
	if (braces && (len == 0 || (name[len] != '}' && name[len] != ':')))
		return refuse(s, NOT_KNOWN);
	if (len == 0 || isdigit((unsigned char)name[0])) {
		add_char(s, '$');
		return 0;
	}
	copy = mel_helper_copy(name, len);
	value = getenv(copy);
	s->at = name + len;
	if (braces && *s->at == ':')
		return expand_choice(s, value, quoted);
	s->at += braces;
	add_value(s, value ? value : "", quoted);
	return 0;
}

static int read_single(struct split *s)
{
	open_word(s);
	for (; *s->at != '\''; s->at++) {
		if (*s->at == '\0')
			return refuse(s, "a ' is not closed");
		add_char(s, *s->at);
	}
	s->at++;
	return 0;
}

/* One character inside double quotes. */
static int read_quoted(struct split *s)
{
	char c = *s->at++;

	if (c == '`')
		return refuse(s, "commands in back-quotes are not run");
	if (c == '$')
		return expand(s, true);
	if (c != '\\' || !*s->at || !strchr("$`\"\\\n", *s->at)) {
		add_char(s, c);
		return 0;
	}
	if (*s->at != '\n')
		add_char(s, *s->at);
	s->at++;
	return 0;
}

static int read_double(struct split *s)
{
	open_word(s);
	while (*s->at != '"') {
		if (*s->at == '\0')
			return refuse(s, "a \" is not closed");
		if (read_quoted(s) < 0)
			return -1;
	}
	s->at++;
	return 0;
}

static void read_backslash(struct split *s)
{
	if (*s->at == '\0')
		return; /* a text that ends in "\": the line it would join is not there */
	if (*s->at != '\n')
		add_char(s, *s->at);
	s->at++;
}

static int read_char(struct split *s)
{
	char c = *s->at++;

	if (is_blank(c)) {
		end_word(s);
		return 0;
	}
	switch (c) {
	case '\'':
		return read_single(s);
	case '"':
		return read_double(s);
	case '$':
		return expand(s, false);
	case '\\':
		read_backslash(s);
		return 0;
	case '`':
		return refuse(s, "commands in back-quotes are not run");
	case '#':
		if (s->word)
			break;
		s->at += strcspn(s->at, "\n");
		return 0;
	default:
		if (strchr(";&|<>()", c))
			return refuse(s, "one of ; & | < > ( ) is not quoted");
	}
	add_char(s, c);
	return 0;
}

static int split_words(struct mel_helper_list *out, const char *text, unsigned depth,
		       const char **why)
{
	struct split s = { .at = text, .out = out, .depth = depth };

	while (*s.at) {
		if (read_char(&s) < 0) {
			free(s.word);
			*why = s.why;
			return -1;
		}
	}
	end_word(&s);
	return 0;
}

int mel_helper_words(struct mel_helper_list *out, const char *text, const char **why)
{
	return split_words(out, text, 0, why);
}

int mel_helper_text(struct mel_helper_list *out, const char *text, const char **why)
{
	struct split s = { .at = text, .out = out };

	open_word(&s);
	while (*s.at) {
		if (*s.at == '"') {
			s.at++; /* would end the quotes in a shell, and begin them again */
		} else if (read_quoted(&s) < 0) {
			free(s.word);
			*why = s.why;
			return -1;
		}
	}
	end_word(&s);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct mel_helper_list *out, const char *text, const char **why);
	const char *what;
} kinds[] = {
	{ "--words", mel_helper_words, "cannot split an input into words" },
	{ "--text", mel_helper_text, "cannot read an input" },
};

int mel_helper_exec(int argc, char **argv)
{
	MEL_HELPER_LIST struct mel_helper_list list = { 0 };
	const char *why;

	for (int i = 0; i < argc; i++) {
		size_t kind = 0;

		while (kind < MEL_COUNT(kinds) && strcmp(argv[i], kinds[kind].name) != 0)
			kind++;
		if (kind == MEL_COUNT(kinds) || i + 1 == argc)
			mel_helper_list_push(&list, mel_helper_copy(argv[i], strlen(argv[i])));
		else if (kinds[kind].read(&list, argv[++i], &why) < 0)
			return mel_helper_fail("%s: %s, %s (put it into a 'runs' step "
					       "instead): %s",
					       argv[0], kinds[kind].what, why, argv[i]);
	}
	if (list.len == 0)
		return mel_helper_fail("melange helper: exec: no command");
	fflush(NULL);
	execvp(list.item[0], list.item);
	mel_helper_fail_errno("cannot run '%s'", list.item[0]);
	return errno == ENOENT ? 127 : 126;
}
