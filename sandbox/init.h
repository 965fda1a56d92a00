/*
 * Parts of the init program: a static program without libc that first is the monitor outside,
 * then, as a clone of itself, pid 1 of the guest. Every function gives 0 or -1; at -1 the
 * reason is in x->fail. Nothing is allocated and nothing is printed.
 */
#pragma once

#include "sandbox/sys.h"
#include "sandbox/wire.h"

#include <stdbool.h>

/* Leaves big buffers alone where the compiler fills all variables with zeros. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define INIT_RAW __attribute__((uninitialized))
#endif
#endif
#ifndef INIT_RAW
#define INIT_RAW
#endif

struct init {
	char *payload; /* of WIRE_OPEN, offsets lead here */
	size_t len;
	struct wire_open *open;
	struct wire_op *op;
	int proc; /* O_PATH of the outer /proc, checked to be one */
	int sync; /* pid 1: end of file when the monitor dies; a byte when the maps are there */
	int idmap_ns;   /* user namespace for id-mapped mounts, or -1 */
	int root;       /* the guest's root, once attached */
	int guest_proc; /* the fresh /proc, or -1 */
	int null;       /* stdin of steps */
	int ns[3];      /* user, mount and network namespace of steps; -1: none */
	int tier;
	bool old_bind;     /* open_tree is refused: mount(2) only */
	bool no_setattr;   /* mount_setattr is refused: mounts are restricted after the pivot */
	uint64_t warnings; /* bit n: enum sbx_hint n */
	struct wire_error fail;
};

/* Text at an offset of the payload; the payload ends with NUL. */
static inline const char *init_text(const struct init *x, uint32_t offset)
{
	return x->payload + (offset < x->len ? offset : x->len - 1);
}

static inline int init_fail(struct init *x, int stage, int call, long result)
{
	x->fail.stage = (uint16_t)stage;
	x->fail.call = (uint16_t)call;
	x->fail.errnum = result < 0 ? (int)-result : 0;
	return -1;
}

static inline void init_warn(struct init *x, int hint)
{
	if (hint > 0)
		x->warnings |= UINT64_C(1) << hint;
}

/* wire.c: messages. A received payload is in buf (WIRE_INLINE bytes) or mapped. */
struct init_message {
	struct wire_head head;
	int fd[WIRE_FDS]; /* owned by the receiver; -1 */
	char *payload;    /* 8-byte aligned, writable, ends with NUL; NULL: none */
	size_t mapped;    /* bytes to unmap, 0: in buf */
};
long init_receive(int ctl, struct init_message *m, char *buf);
void init_message_clear(struct init_message *m);
long init_send(int ctl, int type, uint32_t value, const void *payload, size_t len);
void init_send_error(int ctl, const struct wire_error *fail);
/* "self/uid_map" and the like: the whole text in one write. */
long init_write_file(int dirfd, const char *path, const char *text);

/* ops.c: the flat list of the caller. */
int init_ops_open(struct init *x, bool by_monitor); /* sources, as the caller */
int init_ops_run(struct init *x);                   /* all of it, as id 0 of U1 */

/* mount.c: one mount. fd: O_PATH descriptors; result of openers: descriptor or -errno. */
long init_tree_open(struct init *x, const char *path, uint32_t attr, int idmap_ns, int *call);
int init_attach(struct init *x, const struct wire_op *op, int tree, int target);
int init_restrict_late(struct init *x, const struct wire_op *pivot);
int init_mount_fs(struct init *x, const struct wire_op *op, const char *type, int target,
		  const char *options);

/* overlay.c: an overlay with the layers of op on target, a descriptor. */
int init_overlay_open(struct init *x, struct wire_op *op, bool by_monitor);
int init_overlay_mount(struct init *x, struct wire_op *op, int target);
/* Is fd what the caller of the library had looked at? */
int init_same(struct init *x, const struct wire_op *op, int fd);

/*
 * upper.c: a tmpfs of op->num bytes on target, and the layers of an overlay in it; the caller's
 * upper directory is only the pattern. tmpfs: a descriptor of what was mounted.
 */
int init_upper_mount(struct init *x, const struct wire_op *op, int target);
int init_upper_fill(struct init *x, struct wire_op *op, int tmpfs);

/* target.c: a path inside the guest's root. */
enum init_target {
	INIT_TARGET_DIR = 1 << 0,    /* must be a directory … */
	INIT_TARGET_FILE = 1 << 1,   /* … or a regular file */
	INIT_TARGET_CREATE = 1 << 2, /* is made when missing */
	INIT_TARGET_REAL = 1 << 3,   /* no symbolic links on the way */
	INIT_TARGET_PLAIN = 1 << 4,  /* not inside proc, sysfs, devpts */
};
long init_target_open(int root, const char *path, unsigned flags, int *call);
bool init_is_fs(int fd, long magic);

/* holder.c: the second user namespace with its mounts and network. */
struct init_holder;
int init_holder_start(struct init *x, struct init_holder *h);
int init_holder_finish(struct init *x, struct init_holder *h);

#define INIT_HOLDER_STACK 8192

struct init_holder {
	struct init *x;
	int pid;
	uint32_t alive;    /* futex; 0 when it has ended */
	uint32_t progress; /* 1: U2 and network are there, 2: mounts, too */
	uint32_t go;       /* futex; 1: M1 is complete */
	int ns[3];
	uint64_t warnings;
	struct wire_error fail;
	char outer_pid[24];
	char stack[INIT_HOLDER_STACK] __attribute__((aligned(16)));
};

/* pid1.c, step.c */
_Noreturn void init_pid1(struct init *x);

#define INIT_STEP_STACK 32768

/* One step; lives in memory that its process shares with pid 1 until execve. */
struct init_step {
	struct init *x;
	const struct wire_step *step;
	char *payload;
	uint32_t len;
	int fd[3]; /* stdout, stderr, script or -1 */
	bool reached_exec;
	int exec_errno;
	struct wire_error fail;
};
int init_step_start(struct init *x, struct init_step *s, void *stack_end);

/* remove.c (also in the library): delete what is at path, never following links. */
long sbx_remove_tree(int dirfd, const char *path, int *call);
