/*
 * Ground for a sandbox test: a folder with a guest root, a workspace and a cache, as root, as
 * an ordinary user, or as one with subordinate ids; each case in a process of its own that
 * takes the ids on itself, and must leave no process, mount, descriptor or file behind.
 */
#pragma once

#include "sandbox/sbx.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FX_OUT     65536
#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

/* In the case's process: print and end it. */
#define CHECK(cond, ...)                                                                       \
	do {                                                                                   \
		if (!(cond))                                                                   \
			fx_die(__FILE__, __LINE__, #cond, __VA_ARGS__);                        \
	} while (0)

enum fx_kind {
	FX_ROOT,  /* uid 0: ids of an own range, id-mapped mounts where they work */
	FX_USER,  /* an ordinary user with one id */
	FX_RANGE, /* the same with subordinate ids and newuidmap */
	FX_KINDS,
};

struct fx {
	enum fx_kind kind;
	char dir[64]; /* root, work, cache, canary lie in it */
	char root[80], work[80], cache[80], canary[80];
	struct sbx_ids ids;
	struct sbx_spec spec;
	struct sbx_mount mount[16]; /* /usr, /probe, workspace on /home/build, cache */
	struct sbx_status status;
	struct sbx_err err;
	char out[FX_OUT]; /* what the last step wrote */
	size_t out_len;
	const char *workdir; /* of the next steps; NULL: /home/build */
};

_Noreturn void fx_die(const char *file, int line, const char *cond, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Run one case in a child; the result is empty, or what to fail with, or starts with "skip". */
const char *fx_run_case(enum fx_kind kind, void (*run)(struct fx *fx));

/* A path below fx->dir, in static memory of four slots. */
const char *fx_path(const struct fx *fx, const char *name);
void fx_mkdir(const char *path);
void fx_write(const char *path, const char *text);
void fx_link(const char *text, const char *path);
bool fx_exists(const char *path); /* not following */
struct sbx_mount *fx_add(struct fx *fx, enum sbx_mount_type type, unsigned flags,
			 const char *source, const char *target);

/* Other ids for the guest, without id-mapped mounts; the root becomes theirs. */
void fx_choose_ids(struct fx *fx, uid_t id);
/* End the case as skipped when the folder lies on an overlay. */
void fx_need_upper(const struct fx *fx);

struct sbx *fx_open(struct fx *fx); /* must succeed */
void fx_refused(struct fx *fx, int stage,
		const char *want); /* sbx_open must fail with that text */
/* Run a step to its end; argv ends with NULL. Result: exit code, or 256 + signal. */
int fx_step(struct fx *fx, struct sbx *sbx, const char *const *argv);
#define FX_STEP(fx, sbx, ...) fx_step(fx, sbx, (const char *const[]){ __VA_ARGS__, NULL })
/* Run "/probe ..." and demand that it is content. */
#define FX_PROBE(fx, sbx, ...)                                                                 \
	do {                                                                                   \
		int fx_code = FX_STEP(fx, sbx, "/probe", __VA_ARGS__);                         \
		CHECK(fx_code == 0, "probe: code %d: %s", fx_code, (fx)->out);                 \
	} while (0)
