/*
 * words.c - splits a text into words by a shell's quoting rules, without executing anything
 * (words.h). Also the verb `exec`, which hands such words to a command.
 */
#include "guest/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/helper.h"

struct split {
	const char *at; /* what is still to be read */
	const char *why;
	struct mel_helper_list *out;
	char *word; /* the word being built; NULL between words */
	size_t len, cap;
};

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

/* At the character behind '$'. */
static int expand(struct split *s, bool quoted)
{
	bool braces = *s->at == '{';
	const char *name = s->at + braces;
	size_t len = 0;
	MEL_HELPER_FREE char *copy = NULL;
	const char *value;

	if (*s->at == '(')
		return refuse(s, "commands in $(...) are not run");
	while (isalnum((unsigned char)name[len]) || name[len] == '_')
		len++;
	if (braces && (len == 0 || name[len] != '}'))
		return refuse(s, "only ${NAME} is known, nothing else in ${...}");
	if (len == 0 || isdigit((unsigned char)name[0])) {
		add_char(s, '$');
		return 0;
	}
	copy = mel_helper_copy(name, len);
	value = getenv(copy);
	s->at = name + len + braces;
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

static int read_double(struct split *s)
{
	open_word(s);
	while (*s->at != '"') {
		char c = *s->at++;

		if (c == '\0')
			return refuse(s, "a \" is not closed");
		if (c == '`')
			return refuse(s, "commands in back-quotes are not run");
		if (c == '$') {
			if (expand(s, true) < 0)
				return -1;
		} else if (c == '\\' && *s->at && strchr("$`\"\\\n", *s->at)) {
			if (*s->at != '\n')
				add_char(s, *s->at);
			s->at++;
		} else {
			add_char(s, c);
		}
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

int mel_helper_words(struct mel_helper_list *out, const char *text, const char **why)
{
	struct split s = { .at = text, .out = out };

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

int mel_helper_exec(int argc, char **argv)
{
	MEL_HELPER_LIST struct mel_helper_list list = { 0 };
	const char *why;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--words") != 0 || i + 1 == argc) {
			mel_helper_list_push(&list, mel_helper_copy(argv[i], strlen(argv[i])));
			continue;
		}
		if (mel_helper_words(&list, argv[++i], &why) < 0)
			return mel_helper_fail("%s: cannot split an input into words, %s (put "
					       "it into a 'runs' step instead): %s",
					       argv[0], why, argv[i]);
	}
	if (list.len == 0)
		return mel_helper_fail("melange helper: exec: no command");
	fflush(NULL);
	execvp(list.item[0], list.item);
	mel_helper_fail_errno("cannot run '%s'", list.item[0]);
	return errno == ENOENT ? 127 : 126;
}
