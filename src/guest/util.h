/*
 * util.h - what the verbs of the guest's helper share: memory, lists, errors, children.
 * Out of memory ends the program: nothing here can go on without it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MEL_HELPER_FREE  __attribute__((cleanup(mel_helper_free)))
#define MEL_HELPER_CLOSE __attribute__((cleanup(mel_helper_close)))
#define MEL_HELPER_LIST  __attribute__((cleanup(mel_helper_list_clear)))
#define MEL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A growing list of texts, which it owns; item[len] is NULL once anything was pushed. */
struct mel_helper_list {
	char **item;
	size_t len, cap;
};

/* For the attributes above: free or close what *pointer holds (NULL and -1 are fine). */
void mel_helper_free(void *pointer);
void mel_helper_close(const int *fd);
void mel_helper_list_clear(struct mel_helper_list *list);

/* As realloc(3); never NULL. */
void *mel_helper_grow(void *pointer, size_t bytes);
/* Copy of len bytes of text with a NUL behind; the caller frees it. */
char *mel_helper_copy(const char *text, size_t len);
/* The formatted text; the caller frees it. */
char *mel_helper_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "a/b", or b when a is empty or "."; the caller frees it. */
char *mel_helper_join(const char *a, const char *b);

/* Take ownership of text as the last item. */
void mel_helper_list_push(struct mel_helper_list *list, char *text);
/* Sort bytewise. */
void mel_helper_list_sort(struct mel_helper_list *list);

/* Print a line to stderr; 1, so that a verb can return it. */
int mel_helper_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with ": " and the text of errno behind. */
int mel_helper_fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One option of a verb: "--name VALUE"; *value keeps its default when the option is absent. */
struct mel_helper_option {
	const char *name;
	const char **value;
};

/*
 * Read options until the first argument that is none. Index of that argument, or -1 after an
 * error line about an unknown option or a missing value.
 */
int mel_helper_options(int argc, char **argv, const struct mel_helper_option *option,
		       size_t option_len);

/* Is text a plain decimal number of one to nine digits? */
bool mel_helper_is_number(const char *text);

/*
 * Run argv[0], found by PATH, with stdin from the file stdin_path (NULL: /dev/null) and wait.
 * Its exit status, 128 + signal, or 127 when it cannot be started (errno tells why then).
 */
int mel_helper_spawn(char *const argv[], const char *stdin_path);

/* Make the directory path and its missing parents, 0777 less the umask. 0, or -1 with errno. */
int mel_helper_mkdirs(const char *path);
