/*
 * Whole-program tests: run ./melange (or what MELANGE names) with arguments, environment,
 * folder and user id of its own, and look at what came out. Also folders that another user id
 * can reach.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Who runs the program. */
enum { RUN_USERS_MAX = 2, RUN_UID = 54321 /* needs no account */ };

/* A folder of a test, owned by uid, with a copy of the program; below /tmp. */
struct run_place {
	char dir[64];
	char program[96];
	uid_t uid; /* who the program runs as; the caller unless the caller is root */
};

struct run_opts {
	const char *cwd;        /* relative to the place; NULL: the place */
	const char *const *env; /* "NAME=value", NULL at the end, added to PATH and HOME */
	const char *input;      /* for stdin; NULL: /dev/null */
	int timeout_s;          /* 0: 20 seconds; the process group is killed then */
	bool on_terminal;       /* stderr is a terminal of 80 columns; its bytes are in err */
	/* Called once with the pid while the program runs, after delay_ms, e.g. to kill it. */
	void (*while_running)(pid_t pid, void *user);
	void *user;
	int delay_ms;
};

struct run_result {
	int code; /* exit status; 128 + N when killed by signal N; -1 timed out */
	char *out, *err;
	size_t out_len, err_len;
};

/* The user ids to run every case as: root and RUN_UID when the caller is root, else its own.
 * Returns how many. */
size_t run_users(uid_t user[RUN_USERS_MAX]);

/* A fresh place for uid; a failure ends the test. */
void run_place_make(struct run_place *place, uid_t uid);
void run_place_remove(struct run_place *place);
/* Write a file below the place (folders are made), owned by its user. */
void run_place_write(const struct run_place *place, const char *path, const char *text);
/* Copy a file or a folder of the machine to path below the place, owned by its user. */
void run_place_copy(const struct run_place *place, const char *from, const char *path);
/* Text of a file below the place, NULL if there is none; the caller frees. */
char *run_place_read(const struct run_place *place, const char *path);
/* Absolute path below the place; valid until the fourth call after this one. */
const char *run_place_path(const struct run_place *place, const char *path);

/* Run melange with the arguments (NULL at the end). opts may be NULL. */
void run_melange(struct run_result *result, const struct run_place *place,
		 const struct run_opts *opts, const char *const *args);
/* The same for any program, found by PATH. */
void run_program(struct run_result *result, const struct run_place *place,
		 const struct run_opts *opts, const char *program, const char *const *args);
void run_result_clear(struct run_result *result);

#define RUN_AUTO_RESULT __attribute__((cleanup(run_result_clear)))
#define RUN_AUTO_PLACE  __attribute__((cleanup(run_place_remove)))
/* run_melange with the arguments listed. */
#define RUN_MELANGE(result, place, opts, ...)                                                  \
	run_melange(result, place, opts, (const char *const[]){ __VA_ARGS__, NULL })

/*
 * True when sandboxes can be made here. Otherwise the reason is printed and the test is to be
 * skipped, or, with MEL_MUST_SANDBOX=1, failed (this function does that).
 */
bool run_has_sandbox(const struct run_place *place);
