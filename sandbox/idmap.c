/*
 * Which ids of the host are which ids inside. The run id always is the owner of the caller's
 * files; the other ids are subordinate ones, where there are any.
 * Source: user_namespaces(7), subuid(5), newuidmap(1), mount_setattr(2).
 */
#include "sandbox/internal.h"
#include "sandbox/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#define RANGE_MAX  65536
#define RANGE_MIN  1000
#define ROOT_BASE  100000 /* ids below may belong to people and services */
#define FULL_RANGE UINT32_MAX
#define LINES_MAX  16

struct range {
	uint32_t first, count;
};

/* --- texts for the kernel -------------------------------------------------------------------
 */

static void put_line(char *text, unsigned long inside, unsigned long outside,
		     unsigned long count)
{
	size_t n = strlen(text);

	snprintf(text + n, SBX_MAP_TEXT - n, "%lu %lu %lu\n", inside, outside, count);
}

/*
 * Id 0 of the first user namespace is the host id of the run id, the other lines follow from 1
 * on; the second namespace swaps them into the wanted places. On disk, seen through an
 * id-mapped mount, the caller's own id stands for that of the run id and others for themselves.
 */
static void make_maps(char *u1, char *u2, char *disk, const struct sbx_idmap *line, size_t len,
		      uint32_t caller)
{
	unsigned long at = 0;

	u1[0] = u2[0] = disk[0] = '\0';
	for (size_t i = 0; i < len; at += line[i].count, i++) {
		put_line(u1, at, line[i].host, line[i].count);
		put_line(u2, line[i].inside, at, line[i].count);
		put_line(disk, i == 0 ? caller : line[i].host, line[i].host, line[i].count);
	}
}

void sbx_maps_make(struct sbx_maps *out, const struct sbx_ids *ids)
{
	make_maps(out->u1_uid, out->u2_uid, out->disk_uid, ids->uid, ids->uid_len,
		  ids->caller_uid);
	make_maps(out->u1_gid, out->u2_gid, out->disk_gid, ids->gid, ids->gid_len,
		  ids->caller_gid);
}

/* Lines of the composed map: the run id, then the ids below and above it. */
static size_t compose(struct sbx_idmap *line, uint32_t run, uint32_t host, struct range sub)
{
	uint32_t below = run < sub.count ? run : sub.count;
	size_t n = 0;

	line[n++] = (struct sbx_idmap){ run, host, 1 };
	if (below > 0)
		line[n++] = (struct sbx_idmap){ 0, sub.first, below };
	if (sub.count > below)
		line[n++] = (struct sbx_idmap){ run + 1, sub.first + below, sub.count - below };
	return n;
}

/* --- ids of a caller that may set ids -------------------------------------------------------
 */

static size_t read_map(const char *path, struct range *range)
{
	char text[1024], *save = NULL, *line;
	size_t n = 0;

	sbx_read_text(path, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line && n < LINES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned long inside, outside, count;

		if (sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3)
			range[n++] = (struct range){ (uint32_t)inside, (uint32_t)count };
	}
	return n;
}

/* The widest run of ids in the own map, the caller's id left out. */
static struct range widest(const struct range *range, size_t len, uint32_t caller)
{
	struct range best = { 0, 0 };

	for (size_t i = 0; i < len; i++) {
		struct range part[2] = { range[i], { 0, 0 } };

		if (caller >= range[i].first && caller - range[i].first < range[i].count) {
			part[0].count = caller - range[i].first;
			part[1].first = caller + 1;
			part[1].count = range[i].count - part[0].count - 1;
		}
		for (size_t k = 0; k < 2; k++)
			if (part[k].count > best.count)
				best = part[k];
	}
	return best;
}

/* "name:first:count", the first that fits. */
static bool read_subids(const char *path, const char *name, uint32_t id, struct range *out)
{
	FILE *f = fopen(path, "re");
	char line[512], number[16];
	bool found = false;

	snprintf(number, sizeof(number), "%u", (unsigned)id);
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *save = NULL;
		const char *who = strtok_r(line, ":", &save);
		const char *first = strtok_r(NULL, ":", &save);
		const char *count = strtok_r(NULL, ":\n", &save);
		unsigned long long a, n;

		if (!who || !first || !count || (strcmp(who, name) && strcmp(who, number)))
			continue;
		a = strtoull(first, NULL, 10);
		n = strtoull(count, NULL, 10);
		found = n >= RANGE_MIN && a > 0 && a + n < FULL_RANGE;
		*out = (struct range){ (uint32_t)a, n > RANGE_MAX ? RANGE_MAX : (uint32_t)n };
	}
	if (f)
		fclose(f);
	return found;
}

static struct range root_range(const char *map, const char *subids, uint32_t caller)
{
	struct range line[LINES_MAX], range;
	size_t n = read_map(map, line);

	if (n == 1 && line[0].first == 0 && line[0].count >= FULL_RANGE - 1) {
		if (!read_subids(subids, "root", 0, &range) || range.first < ROOT_BASE)
			range = (struct range){ ROOT_BASE, RANGE_MAX };
		return range;
	}
	range = widest(line, n, caller);
	if (range.count > RANGE_MAX)
		range.count = RANGE_MAX;
	return range;
}

/* --- is an id-mapped mount possible? --------------------------------------------------------
 */

static long write_text(pid_t pid, const char *file, const char *text)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n;
}

/* A user namespace with the map for disks, held by a child for as long as end is open. */
static int open_disk_ns(const struct sbx_ids *ids)
{
	struct sbx_maps maps;
	char path[64];
	int end[2], fd = -1;
	long pid;

	if (pipe2(end, O_CLOEXEC) < 0)
		return -1;
	pid = sys(clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		char byte;

		sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		sys(close, end[1]);
		sys(read, end[0], &byte, 1);
		for (;;)
			sys(exit_group, 0);
	}
	close(end[0]);
	sbx_maps_make(&maps, ids);
	snprintf(path, sizeof(path), "/proc/%ld/ns/user", pid);
	if (pid > 0 && write_text((pid_t)pid, "uid_map", maps.disk_uid) > 0 &&
	    write_text((pid_t)pid, "gid_map", maps.disk_gid) > 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	close(end[1]);
	while (pid > 0 && waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd;
}

static bool try_idmap(const struct sbx_ids *ids, int dirfd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	long tree =
		sys(open_tree, dirfd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int ns;
	bool works = false;

	if (tree < 0)
		return false;
	ns = open_disk_ns(ids);
	if (ns >= 0) {
		attr.userns_fd = (uint64_t)ns;
		works = sys(mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0;
		close(ns);
	}
	close((int)tree);
	return works;
}

/* --- the choice -----------------------------------------------------------------------------
 */

static void set_maps(struct sbx_ids *ids, enum sbx_ids_mode mode, uint32_t host_uid,
		     uint32_t host_gid, struct range uid, struct range gid)
{
	ids->mode = mode;
	ids->host_uid = host_uid;
	ids->host_gid = host_gid;
	ids->uid_len = compose(ids->uid, ids->run_uid, host_uid, uid);
	ids->gid_len = compose(ids->gid, ids->run_gid, host_gid, gid);
}

static struct range rest(struct range r)
{
	return (struct range){ r.first + 1, r.count - 1 };
}

/* The caller may map any id that it has itself. may_give: it can also hand files to others, and
 * use them then. */
static bool choose_root(struct sbx_ids *ids, int probe_dirfd, bool need_caller_files,
			bool may_give)
{
	struct range uid = root_range("/proc/self/uid_map", "/etc/subuid", ids->caller_uid);
	struct range gid = root_range("/proc/self/gid_map", "/etc/subgid", ids->caller_gid);

	if (uid.count < RANGE_MIN || gid.count < RANGE_MIN)
		return false;
	set_maps(ids, SBX_IDS_ROOT, uid.first, gid.first, rest(uid), rest(gid));
	if (probe_dirfd >= 0 && try_idmap(ids, probe_dirfd)) {
		ids->idmap_mounts = true;
	} else if (need_caller_files || !may_give) {
		set_maps(ids, SBX_IDS_CALLER, ids->caller_uid, ids->caller_gid, uid, gid);
		ids->warning = SBX_HINT_IDMAP;
	}
	return true;
}

static bool choose_helper(struct sbx_ids *ids)
{
	struct passwd pw, *found = NULL;
	struct range uid, gid;
	char text[4096];
	const char *name = "";

	if (getpwuid_r(ids->caller_uid, &pw, text, sizeof(text), &found) == 0 && found)
		name = found->pw_name;
	if (!sbx_helper_path(false) || !sbx_helper_path(true) ||
	    !read_subids("/etc/subuid", name, ids->caller_uid, &uid) ||
	    !read_subids("/etc/subgid", name, ids->caller_uid, &gid)) {
		ids->warning = SBX_HINT_SUBID;
		return false;
	}
	ids->warning = (int)sbx_diagnose_helper();
	if (ids->warning != SBX_HINT_NONE)
		return false;
	if (uid.count == RANGE_MAX)
		uid.count--;
	if (gid.count == RANGE_MAX)
		gid.count--;
	set_maps(ids, SBX_IDS_HELPER, ids->caller_uid, ids->caller_gid, uid, gid);
	return true;
}

int sbx_ids_choose(struct sbx_ids *out, uid_t run_uid, gid_t run_gid, int probe_dirfd,
		   bool need_caller_files, struct sbx_err *err)
{
	const uint64_t set_ids = UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID;
	const uint64_t give = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE;
	struct sbx_self self;

	*out = (struct sbx_ids){ .run_uid = run_uid,
				 .run_gid = run_gid,
				 .caller_uid = geteuid(),
				 .caller_gid = getegid() };
	if (run_uid >= FULL_RANGE - RANGE_MAX || run_gid >= FULL_RANGE - RANGE_MAX)
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL,
				"id of the build user", NULL);
	sbx_self_read(&self);
	if ((self.cap_eff & set_ids) == set_ids &&
	    choose_root(out, probe_dirfd, need_caller_files, (self.cap_eff & give) == give))
		return 0;
	if (choose_helper(out))
		return 0;
	set_maps(out, SBX_IDS_SINGLE, out->caller_uid, out->caller_gid, (struct range){ 0, 0 },
		 (struct range){ 0, 0 });
	return 0;
}

void sbx_ids_single(struct sbx_ids *out, uid_t run_uid, gid_t run_gid)
{
	*out = (struct sbx_ids){ .run_uid = run_uid,
				 .run_gid = run_gid,
				 .caller_uid = geteuid(),
				 .caller_gid = getegid() };
	set_maps(out, SBX_IDS_SINGLE, out->caller_uid, out->caller_gid, (struct range){ 0, 0 },
		 (struct range){ 0, 0 });
}

static bool inside(const struct sbx_idmap *line, size_t len, uint32_t caller, bool on_idmapped,
		   uint32_t disk, uint32_t *out)
{
	for (size_t i = 0; i < len; i++) {
		uint32_t host = i == 0 && on_idmapped ? caller : line[i].host;

		if (disk < host || disk - host >= line[i].count)
			continue;
		*out = line[i].inside + (disk - host);
		return true;
	}
	return false;
}

bool sbx_ids_inside_uid(const struct sbx_ids *ids, uid_t disk, bool on_idmapped, uid_t *out)
{
	return inside(ids->uid, ids->uid_len, ids->caller_uid, on_idmapped && ids->idmap_mounts,
		      disk, out);
}

bool sbx_ids_inside_gid(const struct sbx_ids *ids, gid_t disk, bool on_idmapped, gid_t *out)
{
	return inside(ids->gid, ids->gid_len, ids->caller_gid, on_idmapped && ids->idmap_mounts,
		      disk, out);
}
