/*
 * What the library and its init program say to each other over one SOCK_SEQPACKET socket, a
 * message per datagram: a struct wire_head, then head.len bytes of payload, in the datagram or,
 * when they are more than WIRE_INLINE, in a sealed memfd that comes as the last descriptor.
 * Offsets count from the start of the payload; 0 means "none". Both sides are of one build, so
 * layout is not a matter of versions; lengths are checked all the same.
 * Source: unix(7), memfd_create(2).
 */
#pragma once

#include "sandbox/sbx.h"

#include <stdint.h>

#define WIRE_MAGIC  UINT32_C(0x31786273)
#define WIRE_INLINE 16384 /* bytes of payload inside a datagram */
#define WIRE_FDS    4     /* most descriptors in one message */
#define WIRE_CTL_FD 3     /* the control socket in the init program */

enum wire_type {
	WIRE_OPEN = 1, /* caller -> monitor: struct wire_open */
	WIRE_STEP,  /* caller -> pid 1: struct wire_step; stdout, stderr[, script][, payload] */
	WIRE_KILL,  /* caller -> pid 1: value = signal */
	WIRE_READY, /* pid 1 -> caller: struct wire_ready */
	WIRE_STARTED, /* pid 1 -> caller: the step runs */
	WIRE_DONE,    /* pid 1 -> caller: struct wire_done */
	WIRE_ERROR,   /* monitor or pid 1 -> caller: struct wire_error */
};

struct wire_head {
	uint32_t magic;
	uint16_t type;
	uint16_t fds; /* descriptors that come with it, the payload's not counted */
	uint32_t len; /* payload bytes */
	uint32_t value;
};

/* Which system call failed, for the text of the error. */
#define WIRE_CALLS(X)                                                                          \
	X(NONE, "")                                                                            \
	X(OPEN, "open")                                                                        \
	X(TARGET, "openat2")                                                                   \
	X(TYPE, "type check")                                                                  \
	X(SAME, "identity check")                                                              \
	X(CREATE, "create")                                                                    \
	X(OPEN_TREE, "open_tree")                                                              \
	X(SETATTR, "mount_setattr")                                                            \
	X(IDMAP, "mount_setattr idmap")                                                        \
	X(MOVE, "move_mount")                                                                  \
	X(MOUNT, "mount")                                                                      \
	X(SYMLINK, "symlinkat")                                                                \
	X(READ, "read")                                                                        \
	X(WRITE, "write")                                                                      \
	X(CLONE, "clone")                                                                      \
	X(UNSHARE, "unshare")                                                                  \
	X(SETNS, "setns")                                                                      \
	X(PIVOT, "pivot_root")                                                                 \
	X(UMOUNT, "umount2")                                                                   \
	X(CHDIR, "chdir")                                                                      \
	X(GETCWD, "getcwd")                                                                    \
	X(PRCTL, "prctl")                                                                      \
	X(CAPSET, "capset")                                                                    \
	X(SETID, "setresuid")                                                                  \
	X(SETGROUPS, "setgroups")                                                              \
	X(RLIMIT, "prlimit64")                                                                 \
	X(HOSTNAME, "sethostname")                                                             \
	X(IOCTL, "ioctl")                                                                      \
	X(SOCKET, "socket")                                                                    \
	X(DUP, "dup3")                                                                         \
	X(CLOSE, "close_range")                                                                \
	X(SECCOMP, "seccomp")                                                                  \
	X(LANDLOCK, "landlock_restrict_self")                                                  \
	X(EXEC, "execve")                                                                      \
	X(MESSAGE, "recvmsg")                                                                  \
	X(NEWUIDMAP, "newuidmap")                                                              \
	X(NEWGIDMAP, "newgidmap")                                                              \
	X(UNLINK, "unlinkat")                                                                  \
	X(READDIR, "getdents64")

enum wire_call {
#define WIRE_CALL_ENUM(name, text) WIRE_CALL_##name,
	WIRE_CALLS(WIRE_CALL_ENUM)
#undef WIRE_CALL_ENUM
};

enum wire_op_type {
	WIRE_OP_PRIVATE, /* every mount private */
	WIRE_OP_ROOT,    /* src: host directory that becomes the root */
	WIRE_OP_PROC,    /* dst; a fresh one or the outer one */
	WIRE_OP_SYS,     /* dst; the outer one, read-only */
	WIRE_OP_FS,      /* src: file system type, dst, aux: options */
	WIRE_OP_BIND,    /* src -> dst */
	WIRE_OP_OVERLAY, /* src: lower, aux: upper, aux2: work -> dst */
	WIRE_OP_NODE,    /* src: host device with device number num -> dst */
	WIRE_OP_LINK,    /* dst becomes a symbolic link with text src */
	WIRE_OP_MASK,    /* dst, an existing file or directory, becomes empty */
	WIRE_OP_FREEZE,  /* dst, an existing tree, becomes read-only */
	WIRE_OP_PIVOT,
	WIRE_OP_HOSTNAME,    /* src */
	WIRE_OP_NSLIMIT,     /* no user namespaces but one */
	WIRE_OP_REMOVE,      /* src: host tree to delete */
	WIRE_OP_EMPTY_ROOT,  /* a tmpfs becomes the root */
	WIRE_OP_TRY_OVERLAY, /* an overlay in it, at dst */
	WIRE_OP_COUNT,
};

enum wire_op_flag {
	WIRE_OPF_OPTIONAL = 1 << 0,  /* a failure is no error */
	WIRE_OPF_REAL = 1 << 1,      /* dst may not pass through symbolic links */
	WIRE_OPF_PLAIN = 1 << 2,     /* dst may not be inside proc, sysfs or devpts */
	WIRE_OPF_IDMAP = 1 << 3,     /* src through the id-mapping user namespace */
	WIRE_OPF_MEMORY = 1 << 4,    /* a refused upper layer moves to a tmpfs of num bytes */
	WIRE_OPF_IN_MEMORY = 1 << 5, /* the upper layer is in a tmpfs of num bytes */
};

struct wire_op {
	uint16_t type;  /* enum wire_op_type */
	uint16_t stage; /* enum sbx_stage */
	uint16_t flags; /* enum wire_op_flag */
	uint16_t warn;  /* enum sbx_hint to note when an optional op fails, or 0 */
	uint32_t src, dst, aux, aux2; /* texts */
	uint32_t attr;                /* MOUNT_ATTR_* to set */
	int32_t fd[4];                /* used by the init program; -1 */
	uint64_t num;
	uint64_t dev, ino; /* what src must be: major << 32 | minor; ino 0: anything */
};

struct wire_rlimit {
	uint32_t resource, pad;
	uint64_t soft, hard;
};

enum wire_open_flag {
	WIRE_OPENF_MAP_OUTSIDE = 1 << 0, /* the monitor writes U1's maps, by itself … */
	WIRE_OPENF_MAP_HELPER = 1 << 1,  /* … or by the helpers */
	WIRE_OPENF_GROUPS = 1 << 2,      /* setgroups is possible: U1 has more than one gid */
	WIRE_OPENF_NET = 1 << 3,         /* own network namespace */
	WIRE_OPENF_REMOVE = 1 << 4,      /* no guest: run the ops and end */
	WIRE_OPENF_PROBE = 1 << 6,       /* the namespaces of a guest, but the ops only */
	WIRE_OPENF_TREES =
		1 << 5, /* the monitor opens the sources, being more than id 0 of U1 */
};

/* Payload of WIRE_OPEN starts with this; ops and texts follow. */
struct wire_open {
	uint32_t flags;
	uint32_t run_uid, run_gid;
	uint32_t op, op_len; /* struct wire_op[] */
	uint32_t rlimit,
		rlimit_len;      /* struct wire_rlimit[]: pid 1 and so every process inside */
	uint32_t nproc;          /* RLIMIT_NPROC inside */
	uint32_t u1_uid, u1_gid; /* texts for uid_map and gid_map of the first user namespace */
	uint32_t u2_uid, u2_gid; /* and of the second */
	uint32_t idmap_uid, idmap_gid; /* and of the one for id-mapped mounts; 0: not wanted */
	uint32_t newuidmap, newgidmap; /* paths of the helpers */
	uint32_t uid_arg, uid_arg_len; /* uint64_t[]: text offsets, arguments after the pid */
	uint32_t gid_arg, gid_arg_len;
	uint64_t caps; /* capability set of a step */
};

/* Payload of WIRE_STEP starts with this. */
struct wire_step {
	uint32_t argv, argv_len; /* uint64_t[]: text offsets, one more element that is 0 */
	uint32_t env, env_len;   /* the same */
	uint32_t file, workdir;
	uint32_t has_script; /* third descriptor; becomes descriptor 3 */
};

struct wire_ready {
	uint64_t warnings; /* bit n: enum sbx_hint n */
	int32_t pid;       /* of pid 1, outside */
	int32_t tier;
};

struct wire_error {
	uint16_t stage, call;
	int32_t errnum;
	int32_t op; /* index of the op, or -1 */
};

struct wire_done {
	int32_t status;     /* as by wait(2) */
	int32_t exec_errno; /* not 0: status is 126 or 127 because execve failed */
	uint32_t stray;
	uint32_t pad;
	int64_t usage[18]; /* struct rusage as the kernel has it: four for times, then maxrss
			      and on */
};
