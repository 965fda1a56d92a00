/*
 * sbx: one rootless Linux sandbox with its own pid 1 that runs many steps.
 *
 * The whole interface of the library. A plain struct says what the guest sees, a few functions
 * run it; there are no globals, nothing is printed, and no word of the program that uses it.
 * Sources: namespaces(7), user_namespaces(7), mount_namespaces(7), pivot_root(2), open_tree(2),
 * mount_setattr(2), seccomp(2), capabilities(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define SBX_ERR_TEXT 512

/*
 * Which part of the set-up a call belongs to. Letters: A the monitor before the clone, B pid 1
 * becoming itself, C its mounts and namespaces, D one step; X the calling process. sbx_err.text
 * shows the id ("stage C6").
 */
enum sbx_stage {
	SBX_STAGE_NONE,
	SBX_STAGE_SPEC,     /* X1: checks of the spec or the step */
	SBX_STAGE_START,    /* A1: start of the monitor program */
	SBX_STAGE_FDS,      /* A3: descriptors, signals, limits of the monitor */
	SBX_STAGE_SOURCE,   /* A7: opening what the spec names */
	SBX_STAGE_CLONE,    /* A11: the new namespaces */
	SBX_STAGE_HELPER,   /* A12: id maps written by the monitor or by newuidmap */
	SBX_STAGE_MAP,      /* B2: id maps written from inside */
	SBX_STAGE_IDS,      /* B3: becoming id 0 of the new user namespace */
	SBX_STAGE_PRIVATE,  /* C1: private mount propagation */
	SBX_STAGE_ROOT,     /* C2: guest root made a mount point */
	SBX_STAGE_PROC,     /* C4 */
	SBX_STAGE_DEV,      /* C5 */
	SBX_STAGE_BIND,     /* C6: mounts of the spec */
	SBX_STAGE_SYS,      /* C7, C12c */
	SBX_STAGE_PIVOT,    /* C8 */
	SBX_STAGE_NAME,     /* C9: host name */
	SBX_STAGE_NSLIMIT,  /* C10: no further user namespaces */
	SBX_STAGE_HOLDER,   /* C11: second user namespace, with mounts and network */
	SBX_STAGE_NET,      /* C12a: loopback, ports */
	SBX_STAGE_PROCMASK, /* C12b: restrictions of /proc */
	SBX_STAGE_DROP,     /* C14: privileges of pid 1 */
	SBX_STAGE_FORK,     /* D0: process of a step */
	SBX_STAGE_ENTER,    /* D1: namespaces of a step */
	SBX_STAGE_STDIO,    /* D3 */
	SBX_STAGE_LIMITS,   /* D4 */
	SBX_STAGE_RUNID,    /* D5: ids of a step */
	SBX_STAGE_CAPS,     /* D6 */
	SBX_STAGE_WORKDIR,  /* D7 */
	SBX_STAGE_NNP,      /* D8 */
	SBX_STAGE_LANDLOCK, /* D9 */
	SBX_STAGE_FILTER,   /* D11 */
	SBX_STAGE_EXEC,     /* D12 */
	SBX_STAGE_CONTROL,  /* X2: talking to the sandbox */
	SBX_STAGE_REMOVE,   /* X3: sbx_rmtree */
	SBX_STAGE_COUNT,
};

/* What to change on the machine or container; sbx_hint_text has the sentence. */
enum sbx_hint {
	SBX_HINT_NONE,
	SBX_HINT_SYSCTL,     /* kernel.unprivileged_userns_clone=0 */
	SBX_HINT_NSLIMIT,    /* user.max_user_namespaces */
	SBX_HINT_NETNSLIMIT, /* user.max_net_namespaces */
	SBX_HINT_DEPTH,      /* nested too deeply */
	SBX_HINT_APPARMOR,   /* restriction of unprivileged user namespaces */
	SBX_HINT_SELINUX,
	SBX_HINT_SECCOMP,   /* a container's filter */
	SBX_HINT_CONTAINER, /* a container's AppArmor profile denies mount */
	SBX_HINT_CHROOT,
	SBX_HINT_UNMAPPED, /* the caller's id is unmapped */
	SBX_HINT_KERNEL,   /* no user namespaces in this kernel */
	SBX_HINT_NPROC,    /* process limit of the caller */
	SBX_HINT_ROPROC,   /* /proc is read-only */
	SBX_HINT_NOPROC,   /* /proc is not mounted or no proc file system */
	SBX_HINT_PROC,     /* warning: /proc is masked, the surrounding one is used */
	SBX_HINT_SUBID,    /* no subordinate ids */
	SBX_HINT_NNP,      /* newuidmap without effect: nosuid, no_new_privs */
	SBX_HINT_UIDMAP,   /* newuidmap without effect: bounding set of a container */
	SBX_HINT_SETFCAP,  /* root without capabilities */
	SBX_HINT_IDMAP,    /* warning: id-mapped mounts refused */
	SBX_HINT_HOSTNAME, /* warning: the host name could not be set */
	SBX_HINT_NSLOCK,   /* warning: nested namespaces are locked by the filter only */
	SBX_HINT_PORTS,    /* warning: ports below 1024 are closed to the build user */
	SBX_HINT_GROUPS,   /* warning: supplementary groups of the caller are kept */
	SBX_HINT_DEVICE,   /* warning: a device node is missing */
	SBX_HINT_UPPER,    /* warning: upper layers are in memory */
	SBX_HINT_CGROUP,   /* tier 4: no delegated cgroup */
	SBX_HINT_COUNT,
};

/* What went wrong in the library: enough for the caller to word it and to decide. */
struct sbx_err {
	int stage;  /* enum sbx_stage: which part of the set-up */
	int mount;  /* index into sbx_spec.mount of the mount that failed, or -1 */
	int errnum; /* errno of the failing call, 0 if none */
	int hint;   /* enum sbx_hint: the setting that removes the cause, or SBX_HINT_NONE */
	char text[SBX_ERR_TEXT]; /* "bind '/var/cache/x': Permission denied [move_mount, stage
				    C6]" */
};

/* The sentence of a hint (sbx_err.hint) or NULL: what to change on the machine or container. */
const char *sbx_hint_text(int hint);

/* --- ids ---------------------------------------------------------------------------------- */

enum sbx_ids_mode {
	SBX_IDS_SINGLE, /* the caller's own id only */
	SBX_IDS_HELPER, /* the caller's id and its subordinate range, by newuidmap and newgidmap
			 */
	SBX_IDS_ROOT,   /* caller has CAP_SETUID: a range of unprivileged ids */
	SBX_IDS_CALLER, /* caller has CAP_SETUID, but id-mapped mounts are refused: its own id
			   is the build user, the range follows */
};

/* One line of an id map: ids inside..inside+count-1 are host..host+count-1. */
struct sbx_idmap {
	uint32_t inside, host, count;
};

/* How ids inside (of a step) relate to ids on the host. Plain data, made by sbx_ids_choose. */
struct sbx_ids {
	enum sbx_ids_mode mode;
	uid_t run_uid; /* id of a step inside */
	gid_t run_gid;
	uid_t host_uid; /* kernel id that run_uid is outside: owner of new files (unless
			   id-mapped) */
	gid_t host_gid;
	uid_t caller_uid; /* of the process that chose */
	gid_t caller_gid;
	bool idmap_mounts; /* binds with SBX_IDMAP show files of the caller as files of run_uid
			    */
	int warning;       /* enum sbx_hint explaining a downgrade, or SBX_HINT_NONE */
	struct sbx_idmap uid[4], gid[4]; /* composed map: step's ids -> host (kernel) ids */
	size_t uid_len, gid_len;
};

/*
 * Choose the id map for the calling process. probe_dirfd is a directory on the file system that
 * SBX_IDMAP binds will come from (workspace, cache): id-mapped mounts are tried there.
 * need_caller_files: the guest must read or write files that the caller owns (a cache), so when
 * id-mapped mounts are refused the caller's id becomes the build user (SBX_IDS_CALLER); so it
 * does where the caller may not give files to other ids.
 */
int sbx_ids_choose(struct sbx_ids *out, uid_t run_uid, gid_t run_gid, int probe_dirfd,
		   bool need_caller_files, struct sbx_err *err);

/*
 * The map of one id, which needs no helper: for callers that want it, and as the second try
 * when sbx_open fails at SBX_STAGE_HELPER.
 */
void sbx_ids_single(struct sbx_ids *out, uid_t run_uid, gid_t run_gid);

/* On-disk owner -> id inside: through the id-mapped mount (on_idmapped) or the plain map.
 * False when the id has no meaning inside. */
bool sbx_ids_inside_uid(const struct sbx_ids *ids, uid_t disk, bool on_idmapped, uid_t *inside);
bool sbx_ids_inside_gid(const struct sbx_ids *ids, gid_t disk, bool on_idmapped, gid_t *inside);

/* --- what the guest sees --------------------------------------------------------------------
 */

enum sbx_mount_type {
	SBX_BIND,    /* source directory or file; made by path inside the new mount namespace */
	SBX_OVERLAY, /* source = lower directory, upper/work = directories of the caller */
	SBX_TMPFS,   /* fresh tmpfs, mode 01777, nosuid,nodev */
};

enum sbx_mount_flag {
	SBX_READONLY = 1 << 0, /* recursive */
	SBX_NOEXEC = 1 << 1,
	/* Id-mapped when ids.idmap_mounts, so that the caller's files are run_uid's. Overlay:
	 * the lower directory is; upper and work lie in one folder and belong to
	 * ids.host_uid. */
	SBX_IDMAP = 1 << 2,
	SBX_OPTIONAL = 1 << 3, /* a missing source or a refused mount is not an error */
	/* Overlay: where upper cannot be a layer (it lies on an overlay, as in a container) a
	 * tmpfs takes its place, with upper's directories; what is written there is gone at the
	 * end (SBX_HINT_UPPER). */
	SBX_MEMORY = 1 << 4,
	SBX_IN_MEMORY = 1 << 5, /* overlay: such a tmpfs in any case */
};

struct sbx_mount {
	enum sbx_mount_type type;
	unsigned flags;
	const char *source;       /* absolute host path; NULL for tmpfs */
	const char *upper, *work; /* overlay only */
	uint64_t max_bytes;       /* tmpfs, upper layer in memory; 0: kernel's default */
	const char *target;       /* absolute guest path without ".."; made if missing; resolved
				     inside the root */
	dev_t dev; /* what source has to be, as stat(2) has told; ino 0: anything */
	ino_t ino;
};

enum sbx_net { SBX_NET_NONE, SBX_NET_HOST };

struct sbx_spec {
	const char *root; /* host directory that becomes "/", writable by ids.host_uid */
	struct sbx_ids ids;
	const struct sbx_mount
		*mount; /* applied in this order, after /proc /sys /dev are made */
	size_t mount_len;
	enum sbx_net net;
	const char *hostname;  /* NULL: "localhost" */
	const char *init_path; /* NULL: the embedded init */
};

/* --- one running sandbox
 * ---------------------------------------------------------------------- */

struct sbx; /* owned by the caller; sbx_close kills, reaps and frees */

/* What the set-up noticed, valid while the sandbox lives. */
struct sbx_info {
	int tier;       /* 3, or 2 when the surrounding /proc had to be bound */
	pid_t init_pid; /* host pid of the guest's pid 1 */
	int warning[8]; /* enum sbx_hint of each downgrade */
	size_t warning_len;
};

/*
 * Make the namespaces and mounts and start pid 1. 0, or -1 with err filled and nothing left.
 * spec is only read during the call. The sandbox dies with the thread that opened it.
 */
int sbx_open(struct sbx **out, const struct sbx_spec *spec, struct sbx_err *err);
/* Borrowed, never NULL. */
const struct sbx_info *sbx_info(const struct sbx *sbx);

struct sbx_step {
	const char *const *argv; /* NULL at the end; argv[0] is looked up as file */
	const char *file;        /* program inside; NULL: argv[0] */
	const char *const *env;  /* "NAME=value", NULL at the end; nothing else is given */
	const char *
		workdir; /* absolute guest path; made (mkdir -p as the build user) if missing */
	const char *script; /* not NULL: text given to the program as a sealed memfd; "{}" in
			       argv stands for its path (/dev/fd/N) */
	size_t script_len;
	/* Bytes of stdout (stream 1) and stderr (stream 2) as they arrive, in order of arrival.
	 */
	void (*output)(void *user, int stream, const char *bytes, size_t len);
	void *user;
};

enum sbx_end {
	SBX_EXITED,   /* code: 0..255 (126, 127: could not execute) */
	SBX_SIGNALED, /* code: signal number */
	SBX_TIMEOUT,  /* timeout_ms passed; the step still runs */
	SBX_WOKEN,    /* wake_fd became readable; the step still runs */
	SBX_LOST,     /* the sandbox itself died */
};

struct sbx_status {
	enum sbx_end end;
	int code;
	int exec_errno;      /* 126/127: errno of execve, else 0 */
	struct rusage usage; /* of the step and its reaped children */
	unsigned stray;      /* processes that were still there at the end of the step and were
				killed */
};

/* Start a step; one at a time. Errors are set-up errors, never the step's own status. */
int sbx_exec(struct sbx *sbx, const struct sbx_step *step, struct sbx_err *err);
/*
 * Pump output and wait. timeout_ms < 0: for ever. wake_fd (or -1) is polled beside the pipes,
 * so that a signalfd of the caller can interrupt. After SBX_TIMEOUT and SBX_WOKEN call it
 * again.
 */
int sbx_wait(struct sbx *sbx, int timeout_ms, int wake_fd, struct sbx_status *out,
	     struct sbx_err *err);
/* Signal the step's process group (SIGTERM, …); SIGKILL kills every process of the step. */
int sbx_kill(struct sbx *sbx, int signo, struct sbx_err *err);
/* Kill everything inside, reap, free; NULL is fine. Returns when no process is left. */
void sbx_close(struct sbx *sbx);

/* Remove a tree that may hold files of mapped ids: inside a user namespace with the same map.
 */
int sbx_rmtree(const struct sbx_ids *ids, const char *path, struct sbx_err *err);

/* --- what this place allows ----------------------------------------------------------------
 */

struct sbx_probe {
	int tier;     /* 4..0 as in docs/sandbox.md; what sbx_open would reach */
	int hint;     /* enum sbx_hint: the one setting that raises it, or SBX_HINT_NONE */
	bool overlay; /* overlay mounts work */
	bool idmap_mounts;
	bool fresh_proc;
};
/*
 * Try it in a short-lived child; about a millisecond. 0 also when nothing is allowed (tier 0 or
 * 1, hint set; err then holds the reason and may be NULL). -1 only when the trial itself could
 * not be made.
 */
int sbx_probe(struct sbx_probe *out, struct sbx_err *err);
