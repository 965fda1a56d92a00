/*
 * Builds as a user starts them: a build file in a place, the flags that all share, and the
 * proof that nothing stays behind. Temporary files go to tmp of the place, packages to
 * packages.
 */
#pragma once

#include "run.h"

#define BUILD_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

enum { BUILD_ARGS_MAX = 10, BUILD_SAYS_MAX = 5 };

/* The place of one case: index counts cases times users. False: this user is not available. */
bool build_place(struct run_place *place, size_t index, size_t *which);
/* Parameters for ParameterizedTestParameters: count cases for each user. */
#define BUILD_PARAMETERS(count)                                                                \
	static size_t index[(count)*RUN_USERS_MAX];                                            \
	for (size_t i = 0; i < (count)*RUN_USERS_MAX; i++)                                     \
		index[i] = i;                                                                  \
	return cr_make_param_array(size_t, index, (count)*RUN_USERS_MAX)

/* Text with every @DIR@ replaced by the place's folder; the caller frees. */
char *build_expand(const struct run_place *place, const char *text);
/* Write NAME.yaml: package NAME (lines 1 to 7), then body from line 8 on, @DIR@ replaced. */
void build_write(const struct run_place *place, const char *name, const char *body);
/* The same with one step, named "step", that runs the script. */
void build_write_step(const struct run_place *place, const char *name, const char *script);

/* melange build with the flags of all tests, then args (@DIR@ replaced, NULL at the end). */
void build_melange(struct run_result *result, const struct run_place *place,
		   const struct run_opts *opts, const char *const *args);
#define BUILD(result, place, opts, ...)                                                        \
	build_melange(result, place, opts, (const char *const[]){ __VA_ARGS__, NULL })

/* Fail unless the program ended with code and stderr holds every text (@DIR@ replaced). */
void build_expect(const struct run_place *place, const struct run_result *result, int code,
		  const char *const *says);
#define BUILD_EXPECT(place, result, code, ...)                                                 \
	build_expect(place, result, code, (const char *const[]){ __VA_ARGS__, NULL })

/* Names below a folder of the place, sorted, one a line, folders with '/'; the caller frees. */
char *build_list(const struct run_place *place, const char *folder);
/* Path of a file of the machine's architecture in the out dir "packages". */
const char *build_out(const char *file);
/* Bytes of a member of a package or index of the out dir; the caller frees, NULL: none. */
char *build_member(const struct run_place *place, const char *file, const char *member);
/* Names in a package, one a line; the caller frees. */
char *build_members(const struct run_place *place, const char *file);

/*
 * Fail if a process or a mount of the place's builds is left (after at most 3 seconds), a file
 * in tmp, or a temporary name in the out dir.
 */
void build_check_clean(const struct run_place *place);
/* The same without looking into tmp: after SIGKILL it may hold the state of the build. */
void build_check_gone(const struct run_place *place);

/* Wait (5 seconds) until a file of the place exists. */
void build_await(const struct run_place *place, const char *path);
/* A key pair test.rsa, test.rsa.pub in the place. */
void build_keygen(const struct run_place *place);
