/*
 * A spec becomes the flat list of operations that the init program walks: all checks and all
 * thinking are here. Source: style of container runtimes for /dev and /proc is that of the OCI
 * runtime specification (config-linux.md), limits are those of getrlimit(2).
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAP_GID_TTY 5
#define QUIET       (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define DEAD        (QUIET | MOUNT_ATTR_NOEXEC)

/* One row of the fixed part of a guest; texts, not offsets. */
struct fixed_op {
	uint16_t type, stage, flags, warn;
	const char *src, *dst, *aux;
	uint32_t attr;
	uint64_t num;
};

#define OPTIONAL  WIRE_OPF_OPTIONAL
#define REAL      WIRE_OPF_REAL
#define DEV(a, b) ((uint64_t)(a) << 32 | (b))
#define NODE(name, minor, optional)                                                            \
	{                                                                                      \
		WIRE_OP_NODE, SBX_STAGE_DEV, REAL | (optional), SBX_HINT_DEVICE, "/dev/" name, \
			"/dev/" name, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, minor       \
	}
#define LINK(name, text)                                                                       \
	{                                                                                      \
		WIRE_OP_LINK, SBX_STAGE_DEV, 0, 0, text, "/dev/" name, NULL, 0, 0              \
	}
#define MASK(path)                                                                             \
	{                                                                                      \
		WIRE_OP_MASK, SBX_STAGE_PROCMASK, OPTIONAL | REAL, 0, NULL, "/proc/" path,     \
			NULL, DEAD & ~(uint32_t)MOUNT_ATTR_NODEV, 0                            \
	}
#define FREEZE(path)                                                                           \
	{                                                                                      \
		WIRE_OP_FREEZE, SBX_STAGE_PROCMASK, REAL, 0, NULL, "/proc/" path, NULL,        \
			MOUNT_ATTR_RDONLY | DEAD, 0                                            \
	}

static const struct fixed_op before_root[] = {
	{ WIRE_OP_PRIVATE, SBX_STAGE_PRIVATE, 0, 0, NULL, NULL, NULL, 0, 0 },
};

static const struct fixed_op after_root[] = {
	{ WIRE_OP_PROC, SBX_STAGE_PROC, REAL, 0, NULL, "/proc", NULL, DEAD, 0 },
	{ WIRE_OP_FS, SBX_STAGE_DEV, REAL, 0, "tmpfs", "/dev",
	  "mode=0755,size=1m,nr_inodes=256", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0 },
	NODE("null", DEV(1, 3), 0),
	NODE("zero", DEV(1, 5), OPTIONAL),
	NODE("full", DEV(1, 7), OPTIONAL),
	NODE("random", DEV(1, 8), OPTIONAL),
	NODE("urandom", DEV(1, 9), OPTIONAL),
	NODE("tty", DEV(5, 0), OPTIONAL),
	LINK("fd", "/proc/self/fd"),
	LINK("stdin", "/proc/self/fd/0"),
	LINK("stdout", "/proc/self/fd/1"),
	LINK("stderr", "/proc/self/fd/2"),
	LINK("ptmx", "pts/ptmx"),
	{ WIRE_OP_FS, SBX_STAGE_DEV, REAL, 0, "tmpfs", "/dev/shm", "mode=1777", QUIET, 0 },
	{ WIRE_OP_FS, SBX_STAGE_DEV, REAL | OPTIONAL, 0, "mqueue", "/dev/mqueue", NULL, DEAD,
	  0 },
	{ WIRE_OP_SYS, SBX_STAGE_SYS, REAL, 0, "/sys", "/sys", NULL, MOUNT_ATTR_RDONLY | DEAD,
	  0 },
};

static const struct fixed_op after_mounts[] = {
	{ WIRE_OP_NSLIMIT, SBX_STAGE_NSLIMIT, OPTIONAL, SBX_HINT_NSLOCK, NULL, NULL, NULL, 0,
	  0 },
	FREEZE("sys"),
	FREEZE("sysrq-trigger"),
	FREEZE("irq"),
	FREEZE("bus"),
	FREEZE("fs"),
	MASK("acpi"),
	MASK("scsi"),
	MASK("asound"),
	MASK("kcore"),
	MASK("keys"),
	MASK("key-users"),
	MASK("timer_list"),
	MASK("timer_stats"),
	MASK("sched_debug"),
	MASK("latency_stats"),
	MASK("kmsg"),
	MASK("interrupts"),
	{ WIRE_OP_PIVOT, SBX_STAGE_PIVOT, 0, 0, NULL, NULL, NULL, 0, 0 },
};

static const struct fixed_op probe_ops[] = {
	{ WIRE_OP_PRIVATE, SBX_STAGE_PRIVATE, 0, 0, NULL, NULL, NULL, 0, 0 },
	{ WIRE_OP_EMPTY_ROOT, SBX_STAGE_ROOT, 0, 0, NULL, NULL, NULL, QUIET, 0 },
	{ WIRE_OP_PROC, SBX_STAGE_PROC, REAL, 0, NULL, "/proc", NULL, DEAD, 0 },
	{ WIRE_OP_TRY_OVERLAY, SBX_STAGE_BIND, OPTIONAL, SBX_WARN_OVERLAY, NULL, "/overlay",
	  NULL, QUIET, 0 },
	{ WIRE_OP_PIVOT, SBX_STAGE_PIVOT, 0, 0, NULL, NULL, NULL, 0, 0 },
};

static struct wire_open *order_open(struct sbx_order *o)
{
	return (struct wire_open *)(void *)o->blob.ptr;
}

void sbx_order_clear(struct sbx_order *o)
{
	sbx_blob_clear(&o->blob);
}

/* The table of ops is made with room for all; the block may move while texts are added. */
static void put_op(struct sbx_order *o, const struct wire_op *op)
{
	if (!o->blob.is_broken)
		memcpy(o->blob.ptr + order_open(o)->op + o->op_len * sizeof(*op), op,
		       sizeof(*op));
	o->op_len++;
}

static void put_fixed(struct sbx_order *o, const struct fixed_op *f, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct wire_op op = { .type = f[i].type,
				      .stage = f[i].stage,
				      .flags = f[i].flags,
				      .warn = f[i].warn,
				      .attr = f[i].attr,
				      .fd = { -1, -1, -1, -1 },
				      .num = f[i].num };

		op.src = sbx_blob_text(&o->blob, f[i].src);
		op.dst = sbx_blob_text(&o->blob, f[i].dst);
		op.aux = sbx_blob_text(&o->blob, f[i].aux);
		put_op(o, &op);
	}
}

static void put_one(struct sbx_order *o, uint16_t type, uint16_t stage, uint16_t flags,
		    const char *src, const char *dst, const char *aux, uint32_t attr)
{
	const struct fixed_op op = { type, stage, flags, 0, src, dst, aux, attr, 0 };

	put_fixed(o, &op, 1);
}

/* --- ids and limits ------------------------------------------------------------------------
 */

static void put_words(struct sbx_order *o, char *text, uint32_t *at, uint32_t *len)
{
	const char *word[3 * SBX_COUNTOF(((struct sbx_ids *)0)->uid) + 1] = { NULL };
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " \n", &save); w && n + 1 < SBX_COUNTOF(word);
	     w = strtok_r(NULL, " \n", &save))
		word[n++] = w;
	*at = sbx_blob_list(&o->blob, word, len);
}

static uint32_t flags_of(const struct sbx_ids *ids)
{
	switch (ids->mode) {
	case SBX_IDS_HELPER:
		return WIRE_OPENF_MAP_OUTSIDE | WIRE_OPENF_MAP_HELPER | WIRE_OPENF_GROUPS;
	case SBX_IDS_ROOT:
	case SBX_IDS_CALLER:
		return WIRE_OPENF_MAP_OUTSIDE | WIRE_OPENF_GROUPS | WIRE_OPENF_TREES;
	case SBX_IDS_SINGLE:
		break;
	}
	return 0;
}

static void put_ids(struct sbx_order *o, const struct sbx_ids *ids)
{
	struct sbx_maps maps;
	struct wire_open w = { .flags = flags_of(ids),
			       .run_uid = ids->run_uid,
			       .run_gid = ids->run_gid,
			       .nproc = SBX_NPROC,
			       .caps = SBX_CAPS };

	sbx_maps_make(&maps, ids);
	w.u1_uid = sbx_blob_text(&o->blob, maps.u1_uid);
	w.u1_gid = sbx_blob_text(&o->blob, maps.u1_gid);
	w.u2_uid = sbx_blob_text(&o->blob, maps.u2_uid);
	w.u2_gid = sbx_blob_text(&o->blob, maps.u2_gid);
	if (ids->idmap_mounts) {
		w.idmap_uid = sbx_blob_text(&o->blob, maps.disk_uid);
		w.idmap_gid = sbx_blob_text(&o->blob, maps.disk_gid);
	}
	if (ids->mode == SBX_IDS_HELPER) {
		w.newuidmap = sbx_blob_text(&o->blob, sbx_helper_path(false));
		w.newgidmap = sbx_blob_text(&o->blob, sbx_helper_path(true));
		put_words(o, maps.u1_uid, &w.uid_arg, &w.uid_arg_len);
		put_words(o, maps.u1_gid, &w.gid_arg, &w.gid_arg_len);
	}
	if (!o->blob.is_broken)
		memcpy(o->blob.ptr, &w, sizeof(w));
}

enum limit_rule {
	LIMIT_SOFT, /* soft limit: value, not more than the hard one */
	LIMIT_BOTH, /* both: value, not more than the hard one */
	LIMIT_HARD, /* soft limit: the hard one */
};

/* The same for every caller where its hard limits allow. CORE is 1, since 0 would still start a
 * handler that core_pattern names. */
static const struct {
	int resource;
	enum limit_rule rule;
	uint64_t value;
} limit[] = {
	{ RLIMIT_NOFILE, LIMIT_SOFT, 65536 },  { RLIMIT_CORE, LIMIT_BOTH, 1 },
	{ RLIMIT_STACK, LIMIT_SOFT, 8 << 20 }, { RLIMIT_MEMLOCK, LIMIT_SOFT, 8 << 20 },
	{ RLIMIT_FSIZE, LIMIT_HARD, 0 },       { RLIMIT_AS, LIMIT_HARD, 0 },
	{ RLIMIT_DATA, LIMIT_HARD, 0 },        { RLIMIT_RSS, LIMIT_HARD, 0 },
	{ RLIMIT_CPU, LIMIT_HARD, 0 },         { RLIMIT_NICE, LIMIT_BOTH, 0 },
	{ RLIMIT_RTPRIO, LIMIT_BOTH, 0 },
};

static void put_limits(struct sbx_order *o)
{
	uint32_t at = sbx_blob_room(&o->blob, sizeof(struct wire_rlimit) * SBX_COUNTOF(limit));
	uint32_t n = 0;

	for (size_t i = 0; i < SBX_COUNTOF(limit) && !o->blob.is_broken; i++) {
		struct wire_rlimit w = { .resource = (uint32_t)limit[i].resource };
		struct rlimit now;

		if (getrlimit(limit[i].resource, &now) < 0)
			continue;
		w.hard = now.rlim_max;
		w.soft = limit[i].rule == LIMIT_HARD || limit[i].value > now.rlim_max
				 ? now.rlim_max
				 : limit[i].value;
		if (limit[i].rule == LIMIT_BOTH)
			w.hard = w.soft;
		memcpy(o->blob.ptr + at + n++ * sizeof(w), &w, sizeof(w));
	}
	if (!o->blob.is_broken) {
		order_open(o)->rlimit = at;
		order_open(o)->rlimit_len = n;
	}
}

/* --- mounts of the caller ------------------------------------------------------------------
 */

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static bool has_dotdot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}

static int check_mount(const struct sbx_mount *m, struct sbx_err *err)
{
	if (!is_absolute(m->target) || has_dotdot(m->target))
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL, "target",
				m->target ? m->target : "");
	if (m->type != SBX_TMPFS && !is_absolute(m->source))
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL, "source",
				m->source ? m->source : "");
	if (m->type == SBX_OVERLAY && (!is_absolute(m->upper) || !is_absolute(m->work)))
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL, "upper directory",
				m->upper ? m->upper : "");
	return 0;
}

static void put_mount(struct sbx_order *o, const struct sbx_mount *m, const struct sbx_ids *ids)
{
	static const uint16_t type[] = { [SBX_BIND] = WIRE_OP_BIND,
					 [SBX_OVERLAY] = WIRE_OP_OVERLAY,
					 [SBX_TMPFS] = WIRE_OP_FS };
	struct wire_op op = { .type = type[m->type],
			      .stage = SBX_STAGE_BIND,
			      .flags = WIRE_OPF_PLAIN,
			      .attr = QUIET,
			      .fd = { -1, -1, -1, -1 } };
	char options[64] = "mode=1777";

	if (m->flags & SBX_READONLY)
		op.attr |= MOUNT_ATTR_RDONLY;
	if (m->flags & SBX_NOEXEC)
		op.attr |= MOUNT_ATTR_NOEXEC;
	if (m->flags & SBX_OPTIONAL)
		op.flags |= WIRE_OPF_OPTIONAL;
	if ((m->flags & SBX_IDMAP) && ids->idmap_mounts)
		op.flags |= WIRE_OPF_IDMAP;
	if (m->type == SBX_OVERLAY) {
		op.flags |= m->flags & SBX_MEMORY ? WIRE_OPF_MEMORY : 0;
		op.flags |= m->flags & SBX_IN_MEMORY ? WIRE_OPF_IN_MEMORY : 0;
		op.num = m->max_bytes;
	}
	op.dev = DEV(major(m->dev), minor(m->dev));
	op.ino = m->ino;
	if (m->type == SBX_TMPFS && m->max_bytes)
		snprintf(options, sizeof(options), "mode=1777,size=%llu",
			 (unsigned long long)m->max_bytes);
	op.src = sbx_blob_text(&o->blob, m->type == SBX_TMPFS ? "tmpfs" : m->source);
	op.dst = sbx_blob_text(&o->blob, m->target);
	op.aux = sbx_blob_text(&o->blob, m->type == SBX_TMPFS ? options : m->upper);
	op.aux2 = sbx_blob_text(&o->blob, m->work);
	put_op(o, &op);
}

/* gid 5 owns terminals by custom; devpts wants it as the first user namespace sees it. */
static void put_devpts(struct sbx_order *o, const struct sbx_ids *ids)
{
	char options[80] = "newinstance,ptmxmode=0666,mode=0620";
	uint32_t at = 1;

	for (size_t i = 1; i < ids->gid_len; at += ids->gid[i].count, i++) {
		const struct sbx_idmap *m = &ids->gid[i];

		if (MAP_GID_TTY >= m->inside && MAP_GID_TTY - m->inside < m->count)
			snprintf(options, sizeof(options),
				 "newinstance,ptmxmode=0666,mode=0620,gid=%u",
				 (unsigned)(at + MAP_GID_TTY - m->inside));
	}
	put_one(o, WIRE_OP_FS, SBX_STAGE_DEV, REAL, "devpts", "/dev/pts", options,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

/* --- orders --------------------------------------------------------------------------------
 */

static void begin(struct sbx_order *o, const struct sbx_ids *ids, size_t op_len)
{
	uint32_t at;

	*o = (struct sbx_order){ 0 };
	sbx_blob_room(&o->blob, sizeof(struct wire_open));
	put_ids(o, ids);
	at = sbx_blob_room(&o->blob, op_len * sizeof(struct wire_op));
	if (o->blob.is_broken)
		return;
	order_open(o)->op = at;
	order_open(o)->op_len = (uint32_t)op_len;
}

static int end(struct sbx_order *o, uint32_t flags, struct sbx_err *err)
{
	/* The init program relies on the last byte being NUL. */
	sbx_blob_room(&o->blob, 8);
	if (o->blob.is_broken) {
		sbx_order_clear(o);
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, ENOMEM, "order", NULL);
	}
	order_open(o)->flags |= flags;
	return 0;
}

int sbx_order_guest(struct sbx_order *o, const struct sbx_spec *spec, struct sbx_err *err)
{
	const size_t fixed = SBX_COUNTOF(before_root) + SBX_COUNTOF(after_root) +
			     SBX_COUNTOF(after_mounts) + 3; /* root, devpts, host name */

	if (!is_absolute(spec->root))
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL, "guest root",
				spec->root ? spec->root : "");
	for (size_t i = 0; i < spec->mount_len; i++) {
		if (check_mount(&spec->mount[i], err) == 0)
			continue;
		if (err)
			err->mount = (int)i;
		return -1;
	}
	begin(o, &spec->ids, fixed + spec->mount_len);
	put_fixed(o, before_root, SBX_COUNTOF(before_root));
	put_one(o, WIRE_OP_ROOT, SBX_STAGE_ROOT, 0, spec->root, NULL, NULL, QUIET);
	put_fixed(o, after_root, SBX_COUNTOF(after_root));
	put_devpts(o, &spec->ids);
	o->first_mount = o->op_len;
	o->mount_len = spec->mount_len;
	for (size_t i = 0; i < spec->mount_len; i++)
		put_mount(o, &spec->mount[i], &spec->ids);
	put_fixed(o, after_mounts, SBX_COUNTOF(after_mounts));
	put_fixed(o,
		  &(const struct fixed_op){
			  WIRE_OP_HOSTNAME, SBX_STAGE_NAME, OPTIONAL, SBX_HINT_HOSTNAME,
			  spec->hostname ? spec->hostname : "localhost", NULL, NULL, 0, 0 },
		  1);
	put_limits(o);
	return end(o, spec->net == SBX_NET_NONE ? WIRE_OPENF_NET : 0, err);
}

int sbx_order_remove(struct sbx_order *o, const struct sbx_ids *ids, const char *path,
		     struct sbx_err *err)
{
	begin(o, ids, 1);
	put_one(o, WIRE_OP_REMOVE, SBX_STAGE_REMOVE, 0, path, NULL, NULL, 0);
	return end(o, WIRE_OPENF_REMOVE, err);
}

int sbx_order_probe(struct sbx_order *o, const struct sbx_ids *ids, struct sbx_err *err)
{
	begin(o, ids, SBX_COUNTOF(probe_ops));
	put_fixed(o, probe_ops, SBX_COUNTOF(probe_ops));
	return end(o, WIRE_OPENF_PROBE, err);
}
