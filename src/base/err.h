/*
 * Errors travel: the place that fails says what, a caller adds only what the callee could not
 * know, main prints the chain. What can fail returns 0 or -1 and takes `struct mel_err **err`
 * last, never NULL, set exactly when -1 is returned. Kinds are for decisions (the exit status
 * among them), text is for people: lower case, no full stop, cause last, subject quoted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A place in a file; line and column count from 1, 0 when unknown. file is borrowed. */
struct mel_pos {
	const char *file;
	unsigned line, column;
};

enum mel_err_kind {
	MEL_ERR_SYSTEM,  /* a system call failed; errnum says why */
	MEL_ERR_USAGE,   /* command line */
	MEL_ERR_INPUT,   /* build file or another file read is wrong */
	MEL_ERR_LIMIT,   /* a limit on input was exceeded */
	MEL_ERR_CRYPTO,  /* key or signature */
	MEL_ERR_NETWORK, /* download */
	MEL_ERR_SANDBOX, /* the environment cannot be made */
	MEL_ERR_STEP,    /* a build step failed */
	MEL_ERR_LINT,    /* a required check failed */
	MEL_ERR_OUTPUT,  /* a result could not be written */
	MEL_ERR_TIMEOUT, /* time limit; */
	MEL_ERR_SIGNAL,  /* stopped by a signal; errnum is its number */
	MEL_ERR_COUNT,
};

/* Immutable for readers. Owned by the variable that was passed as err. */
struct mel_err {
	enum mel_err_kind kind;
	int errnum;
	char *text;           /* without its causes */
	struct mel_err *next; /* a further problem found in the same pass, or NULL */
};

/* Fill *err; all of these return -1, so that `return mel_err_set(…)` works. */
int mel_err_set(struct mel_err **err, enum mel_err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));
/* Kind SYSTEM with the current errno, whose text is appended. */
int mel_err_sys(struct mel_err **err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
/* Kind INPUT, "file:line:column: " in front (as far as known). */
int mel_err_at(struct mel_err **err, const struct mel_pos *pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));
/* Put context in front of the error that is already there: "context: text". Keeps the kind. */
int mel_err_wrap(struct mel_err **err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
/* Change the kind of the error that is already there, e.g. SYSTEM to OUTPUT. */
int mel_err_as(struct mel_err **err, enum mel_err_kind kind);

/* Append more (taken, may be NULL) as a further problem to *list, keeping the order found. */
void mel_err_append(struct mel_err **list, struct mel_err *more);
size_t mel_err_count(const struct mel_err *err);

/* The exit status that belongs to the (first) error: 1 step, 2 usage, 3 input, 4 environment
 * (any system call that failed), 5 lint, 6 output, 124 timeout, 128 + signal. NULL gives 0. */
int mel_err_exit_status(const struct mel_err *err);

void mel_err_free(struct mel_err *err); /* with its further problems; NULL is fine */
void mel_err_auto(struct mel_err **err);
/* struct mel_err *err MEL_AUTO_ERR = NULL; */
#define MEL_AUTO_ERR __attribute__((cleanup(mel_err_auto)))
