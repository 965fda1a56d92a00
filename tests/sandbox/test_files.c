/*
 * Escapes through the file system, and what mounts let through.
 */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static void a01_walk(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "list", "/", "bin", "dev", "etc", "home", "lib", "lib64", "marker",
		 "probe", "proc", "sbin", "sys", "tmp", "usr", "var");
	FX_PROBE(fx, sbx, "dotdot");
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "cd /..; cd ../..; ls marker && ls $0",
		      fx->canary) != 0,
	      "%s", fx->out);
	sbx_close(sbx);
}

static void a02_chroot(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "chroot");
	sbx_close(sbx);
}

/* Links of the image towards the host are followed inside the root, or are an error. */
static void a05_links(struct fx *fx)
{
	static const struct {
		const char *text;
		bool then_canary;
	} to[] = { { "/oldroot", false },
		   { "../../../..", false },
		   { "/proc/self/root", false },
		   { "/proc/1/cwd", false },
		   { "", true },
		   { "../../../../../..", true } };

	for (size_t i = 0; i < COUNTOF(to); i++) {
		char link[160], path[160];
		struct sbx *sbx = NULL;

		snprintf(path, sizeof(path), "%s/home", fx->root);
		sbx_rmtree(&fx->ids, path, NULL);
		snprintf(link, sizeof(link), "%s%s", to[i].text,
			 to[i].then_canary ? fx->canary : "");
		fx_link(link, path);
		if (sbx_open(&sbx, &fx->spec, &fx->err) == 0) {
			fx->workdir = "/";
			CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo x >/home/build/made") ==
				      0,
			      "%s: %s", link, fx->out);
			CHECK(fx_exists(fx_path(fx, "work/made")), "%s: not in the workspace",
			      link);
			sbx_close(sbx);
		} else {
			CHECK(fx->err.stage == SBX_STAGE_BIND, "%s: %s", link, fx->err.text);
		}
	}
}

static void a06_file_targets(struct fx *fx)
{
	char target[160];
	struct sbx *sbx;

	snprintf(target, sizeof(target), "%s/etc/resolv.conf", fx->root);
	fx_write(fx_path(fx, "resolv"), "nameserver 192.0.2.1\n");
	fx_add(fx, SBX_BIND, SBX_READONLY, strdup(fx_path(fx, "resolv")), "/etc/resolv.conf");
	fx_link("/var/run/not/there.conf", target);
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/usr/bin/cat", "/etc/resolv.conf") == 0, "%s", fx->out);
	CHECK(!strcmp(fx->out, "nameserver 192.0.2.1\n"), "%s", fx->out);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo x >>/etc/resolv.conf") != 0, "writable");
	sbx_close(sbx);
	unlink(target);
	fx_link("/tmp", target);
	fx_refused(fx, SBX_STAGE_BIND, "bind '/etc/resolv.conf': Is a directory");
	CHECK(fx->err.mount == 4, "mount %d", fx->err.mount);
	unlink(target);
	CHECK(mkfifo(target, 0644) == 0, "%s", strerror(errno));
	fx_refused(fx, SBX_STAGE_BIND, "bind '/etc/resolv.conf': Invalid argument [type check");
	unlink(target);
	if (fx->kind != FX_ROOT)
		return;
	CHECK(mknod(target, S_IFCHR | 0644, 0x103) == 0, "%s", strerror(errno));
	fx_refused(fx, SBX_STAGE_BIND, "bind '/etc/resolv.conf': Invalid argument [type check");
}

static void a07_cache_link(struct fx *fx)
{
	char path[160];
	struct sbx *sbx;

	snprintf(path, sizeof(path), "%s/var/cache/melange", fx->root);
	fx_link(fx->canary, path);
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo x >/var/cache/melange/made") == 0, "%s",
	      fx->out);
	CHECK(fx_exists(fx_path(fx, "cache/made")), "not in the cache");
	sbx_close(sbx);
}

static void a11_own_dirs(struct fx *fx)
{
	static const struct {
		const char *name;
		int stage;
	} own[] = { { "proc", SBX_STAGE_PROC },
		    { "dev", SBX_STAGE_DEV },
		    { "sys", SBX_STAGE_SYS } };

	for (size_t i = 0; i < COUNTOF(own); i++) {
		char path[160], want[64];
		struct sbx *sbx;

		snprintf(path, sizeof(path), "%s/%s", fx->root, own[i].name);
		snprintf(want, sizeof(want), "'/%s'", own[i].name);
		fx_link("/tmp", path);
		fx_refused(fx, own[i].stage, want);
		unlink(path);
		fx_write(path, "");
		fx_refused(fx, own[i].stage, want);
		unlink(path);
		CHECK(mkfifo(path, 0644) == 0, "%s", strerror(errno));
		fx_refused(fx, own[i].stage, want);
		unlink(path);
		sbx = fx_open(fx); /* missing: made */
		sbx_close(sbx);
		for (size_t k = 0; k < COUNTOF(own); k++) {
			snprintf(path, sizeof(path), "%s/%s", fx->root, own[k].name);
			CHECK(rmdir(path) == 0, "%s: %s", path, strerror(errno));
		}
	}
}

static void refuse_workdir(struct fx *fx, struct sbx *sbx, const char *workdir)
{
	static const char *const argv[] = { "/bin/sh", "-c", "touch /home/build/started",
					    NULL };
	struct sbx_step step = { .argv = argv, .workdir = workdir };

	CHECK(sbx_exec(sbx, &step, &fx->err) < 0, "%s: started", workdir);
	CHECK(fx->err.stage == SBX_STAGE_WORKDIR && strstr(fx->err.text, workdir), "%s",
	      fx->err.text);
	CHECK(!fx_exists(fx_path(fx, "work/started")), "%s: ran", workdir);
}

static void a12_workdir(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	refuse_workdir(fx, sbx, "/proc/self/fd/7");
	refuse_workdir(fx, sbx, "/proc/self/fd/0");
	refuse_workdir(fx, sbx, "/proc/1/cwd");
	refuse_workdir(fx, sbx, "/proc/1/root");
	refuse_workdir(fx, sbx, "/marker");
	refuse_workdir(fx, sbx, "/marker/below");
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "ln -s /proc/1/cwd /tmp/l; ln -s loop /tmp/loop") == 0,
	      "%s", fx->out);
	refuse_workdir(fx, sbx, "/tmp/l");
	refuse_workdir(fx, sbx, "/tmp/loop");
	fx->workdir = "/tmp/new/one two"; /* made as the build user */
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "pwd; stat -c %u .") == 0, "%s", fx->out);
	CHECK(!strcmp(fx->out, "/tmp/new/one two\n1000\n"), "%s", fx->out);
	sbx_close(sbx);
}

/* The null device outside is a regular file. */
static void a13_null(struct fx *fx)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char text[64];
	FILE *f;

	fx_write(fx_path(fx, "null"), "");
	if (fx->kind == FX_RANGE)
		return; /* its helper does not work in a user namespace made here */
	CHECK(unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) == 0, "%s", strerror(errno));
	if (uid) {
		fx_write("/proc/self/setgroups", "deny");
		snprintf(text, sizeof(text), "%u %u 1", (unsigned)uid, (unsigned)uid);
		fx_write("/proc/self/uid_map", text);
		snprintf(text, sizeof(text), "%u %u 1", (unsigned)gid, (unsigned)gid);
		f = fopen("/proc/self/gid_map", "w");
		CHECK(f && fputs(text, f) > 0 && fclose(f) == 0, "%s", strerror(errno));
	}
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "%s", strerror(errno));
	CHECK(mount(fx_path(fx, "null"), "/dev/null", NULL, MS_BIND, NULL) == 0, "%s",
	      strerror(errno));
	fx_refused(fx, SBX_STAGE_DEV, "device '/dev/null': No such device [type check");
	umount("/dev/null");
}

static void a14_dev_links(struct fx *fx)
{
	static const char *const name[] = { "console", "tty", "null", "shm" };
	char path[160];
	struct sbx *sbx;

	snprintf(path, sizeof(path), "%s/dev", fx->root);
	fx_mkdir(path);
	for (size_t i = 0; i < COUNTOF(name); i++) {
		snprintf(path, sizeof(path), "%s/dev/%s", fx->root, name[i]);
		fx_link(fx_path(fx, "canary/secret"), path);
	}
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "devices");
	sbx_close(sbx);
}

static void a15_stub(struct fx *fx)
{
	char path[160];
	struct sbx *sbx;

	snprintf(path, sizeof(path), "%s/opt", fx->root);
	fx_add(fx, SBX_BIND, SBX_IDMAP, fx->work, "/opt/deep/er");
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "mv /opt /opt2 && ln -s $0 /opt", fx->canary) ==
		      0,
	      "%s", fx->out);
	sbx_close(sbx);
	CHECK(fx_exists(path), "the link is gone");
}

static void a18_handles(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "handles");
	sbx_close(sbx);
}

static void a19_links_across(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "exdev", "/tmp", "/home/build", "/var/cache/melange");
	sbx_close(sbx);
}

static void a20_leaked_fds(struct fx *fx)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	struct sbx *sbx;

	CHECK(fd >= 0 && dup2(fd, 105) == 105 && dup2(fd, 109) == 109, "%s", strerror(errno));
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "fds");
	FX_PROBE(fx, sbx, "fds");
	sbx_close(sbx);
	close(fd);
	close(105);
	close(109);
}

static void f02_cache_writable(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);
	struct stat st;

	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "cd /var/cache/melange && mkdir d && echo x >d/f && chmod 4755 d/f && "
		      "stat -c %u:%g d/f") == 0,
	      "%s", fx->out);
	CHECK(!strcmp(fx->out, "1000:1000\n"), "%s", fx->out);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo x >/var/cache/melange/plain") == 0, "%s",
	      fx->out);
	sbx_close(sbx);
	CHECK(stat(fx_path(fx, "cache/plain"), &st) == 0 && (st.st_mode & 07777) == 0644,
	      "mode %o", (unsigned)st.st_mode);
	CHECK(st.st_uid == geteuid() && st.st_gid == getegid(), "owner %u:%u",
	      (unsigned)st.st_uid, (unsigned)st.st_gid);
	CHECK(stat(fx_path(fx, "cache/d/f"), &st) == 0 && st.st_uid == geteuid(), "owner %u",
	      (unsigned)st.st_uid);
}

static void f03_cache_readonly(struct fx *fx)
{
	struct sbx *sbx;

	fx_write(fx_path(fx, "cache/f"), "text");
	fx->mount[3].flags |= SBX_READONLY;
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "readonly", "/var/cache/melange");
	FX_PROBE(fx, sbx, "list", "/var/cache/melange", "f");
	sbx_close(sbx);
}

/* Read-only reaches mounts below the source. */
static void f04_submount(struct fx *fx)
{
	struct sbx *sbx;

	if (fx->kind != FX_ROOT)
		return; /* needs a mount outside */
	fx_mkdir(fx_path(fx, "cache/sub"));
	CHECK(unshare(CLONE_NEWNS) == 0 &&
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0,
	      "%s", strerror(errno));
	CHECK(mount("sub", fx_path(fx, "cache/sub"), "tmpfs", 0, NULL) == 0, "%s",
	      strerror(errno));
	fx_write(fx_path(fx, "cache/sub/f"), "text");
	CHECK(chmod(fx_path(fx, "cache/sub"), 0777) == 0, "%s", strerror(errno));
	fx->mount[3].flags |= SBX_READONLY;
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "cat /var/cache/melange/sub/f && ! touch /var/cache/melange/sub/new") ==
		      0,
	      "%s", fx->out);
	CHECK(strstr(fx->out, "Read-only file system"), "%s", fx->out);
	sbx_close(sbx);
	CHECK(umount(fx_path(fx, "cache/sub")) == 0, "%s", strerror(errno));
}

/* Names with every character that a mount option or a line of mountinfo could stumble over. */
static void f16_overlay_names(struct fx *fx)
{
	struct sbx_mount *m;
	struct sbx_probe probe;
	struct sbx *sbx;
	char lower[160], upper[160], work[160];

	fx_need_upper(fx);
	CHECK(sbx_probe(&probe, &fx->err) == 0, "%s", fx->err.text);
	if (!probe.overlay)
		return;
	snprintf(lower, sizeof(lower), "%s/l:o,w\\e\nr ", fx->dir);
	snprintf(upper, sizeof(upper), "%s/u:p,p\\e\tr ", fx->dir);
	snprintf(work, sizeof(work), "%s/w:o,r\\k ", fx->dir);
	fx_mkdir(lower);
	fx_mkdir(upper);
	fx_mkdir(work);
	if (fx->ids.mode == SBX_IDS_ROOT) {
		CHECK(chown(upper, fx->ids.host_uid, fx->ids.host_gid) == 0 &&
			      chown(work, fx->ids.host_uid, fx->ids.host_gid) == 0,
		      "%s", strerror(errno));
	}
	m = fx_add(fx, SBX_OVERLAY, 0, lower, "/opt");
	m->upper = upper;
	m->work = work;
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo x >/opt/made && cat /opt/made") == 0,
	      "%s", fx->out);
	sbx_close(sbx);
	CHECK(chdir(upper) == 0 && fx_exists("made"), "not in the upper directory");
	CHECK(chdir("/") == 0, "%s", strerror(errno));
}

static bool noted(const struct sbx *sbx, int hint)
{
	const struct sbx_info *info = sbx_info(sbx);

	for (size_t i = 0; i < info->warning_len; i++)
		if (info->warning[i] == hint)
			return true;
	return false;
}

/* A work directory below the upper one is refused as an upper layer on an overlay is. */
static void overlay_in_memory(struct fx *fx)
{
	struct sbx_mount *m;
	struct sbx_probe probe;
	struct sbx *sbx;

	CHECK(sbx_probe(&probe, &fx->err) == 0, "%s", fx->err.text);
	if (!probe.overlay)
		return;
	fx_mkdir(fx_path(fx, "lower"));
	fx_write(fx_path(fx, "lower/below"), "text");
	fx_mkdir(fx_path(fx, "upper"));
	fx_mkdir(fx_path(fx, "upper/a"));
	fx_mkdir(fx_path(fx, "upper/a/b"));
	fx_mkdir(fx_path(fx, "upper/w"));
	CHECK(chmod(fx_path(fx, "upper/a/b"), 01777) == 0, "%s", strerror(errno));
	m = fx_add(fx, SBX_OVERLAY, 0, strdup(fx_path(fx, "lower")), "/opt");
	m->upper = strdup(fx_path(fx, "upper"));
	m->work = strdup(fx_path(fx, "upper/w"));
	m->max_bytes = 1 << 20;
	CHECK(sbx_open(&sbx, &fx->spec, &fx->err) < 0 && fx->err.errnum == EINVAL &&
		      fx->err.stage == SBX_STAGE_BIND,
	      "%s", fx->err.text);
	m->flags = SBX_MEMORY;
	sbx = fx_open(fx);
	CHECK(noted(sbx, SBX_HINT_UPPER), "no note");
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "cat /opt/below; echo x >>/opt/a/made; stat -c ' %u %a' /opt/a/b; "
		      "head -c 2000000 /dev/zero >/opt/a/big || echo full") == 0,
	      "%s", fx->out);
	CHECK(!strncmp(fx->out, "text 1000 1777\n", 15) && strstr(fx->out, "full\n"), "%s",
	      fx->out);
	sbx_close(sbx);
	CHECK(!fx_exists(fx_path(fx, "upper/a/made")), "in the upper directory");
	free((void *)(uintptr_t)m->source);
	free((void *)(uintptr_t)m->upper);
	free((void *)(uintptr_t)m->work);
}

/* A cache with an overlay on it: the caller's files are the build user's to change, and stay as
 * they are. */
static void overlay_of_cache(struct fx *fx)
{
	static const char script[] =
		"stat -c '%u %a' /opt /opt/old | tr '\\n' ' '; echo new >>/opt/old; "
		"mkdir /opt/dir && echo x >/opt/dir/made && chmod 4755 /opt/dir/made; cat "
		"/opt/old";
	static const unsigned flags[] = { SBX_IDMAP, SBX_IDMAP | SBX_IN_MEMORY };
	struct sbx_probe probe;
	struct stat st;

	fx_need_upper(fx);
	CHECK(sbx_probe(&probe, &fx->err) == 0, "%s", fx->err.text);
	if (!probe.overlay)
		return;
	fx_write(fx_path(fx, "cache/old"), "old\n");
	fx_mkdir(fx_path(fx, "layer"));
	fx_mkdir(fx_path(fx, "layer/up"));
	fx_mkdir(fx_path(fx, "layer/wk"));
	CHECK(chown(fx_path(fx, "layer/up"), fx->ids.host_uid, fx->ids.host_gid) == 0 &&
		      chown(fx_path(fx, "layer/wk"), fx->ids.host_uid, fx->ids.host_gid) == 0 &&
		      chmod(fx_path(fx, "layer"), 0700) == 0 &&
		      chown(fx_path(fx, "cache/old"), geteuid(), getegid()) == 0 &&
		      stat(fx->cache, &st) == 0,
	      "%s", strerror(errno));
	for (size_t i = 0; i < COUNTOF(flags); i++) {
		struct sbx_mount *m = fx_add(fx, SBX_OVERLAY, flags[i], fx->cache, "/opt");
		struct sbx *sbx;

		m->upper = strdup(fx_path(fx, "layer/up"));
		m->work = strdup(fx_path(fx, "layer/wk"));
		m->max_bytes = 1 << 20;
		m->dev = st.st_dev;
		m->ino = st.st_ino;
		sbx = fx_open(fx);
		CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", script) == 0, "%s", fx->out);
		CHECK(strcmp(fx->out, "1000 755 1000 644 old\nnew\n") == 0, "%s", fx->out);
		sbx_close(sbx);
		CHECK(fx_exists(fx_path(fx, "layer/up/dir/made")) == (i == 0), "%zu", i);
		CHECK(!fx_exists(fx_path(fx, "cache/dir")), "%zu", i);
		CHECK(chdir(fx->cache) == 0 && stat("old", &st) == 0 && st.st_size == 4,
		      "the lower file changed");
		CHECK(chdir("/") == 0 && stat(fx->cache, &st) == 0, "%s", strerror(errno));
		m->ino++;
		fx_refused(fx, SBX_STAGE_BIND, "identity check");
		free((void *)(uintptr_t)m->upper);
		free((void *)(uintptr_t)m->work);
		fx->spec.mount_len--;
		CHECK(sbx_rmtree(&fx->ids, fx_path(fx, "layer/up/dir"), &fx->err) == 0, "%s",
		      fx->err.text);
		if (i == 0)
			CHECK(unlink(fx_path(fx, "layer/up/old")) == 0, "%s", strerror(errno));
	}
}

static void optional_and_tmpfs(struct fx *fx)
{
	struct sbx *sbx;

	fx_add(fx, SBX_BIND, SBX_OPTIONAL, "/no/such/thing", "/opt/nothing");
	fx_add(fx, SBX_TMPFS, SBX_NOEXEC, NULL, "/scratch")->max_bytes = 1 << 20;
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "test ! -e /opt/nothing && cp /probe /scratch/p; /scratch/p exit 0; echo "
		      "$?; "
		      "head -c 2000000 /dev/zero >/scratch/big; stat -f -c %T /scratch") == 0,
	      "%s", fx->out);
	CHECK(strstr(fx->out, "126\n") && strstr(fx->out, "No space left"), "%s", fx->out);
	sbx_close(sbx);
	fx->mount[4].flags = 0;
	fx_refused(fx, SBX_STAGE_BIND, "bind '/no/such/thing': No such file or directory");
	CHECK(fx->err.mount == 4, "mount %d", fx->err.mount);
	fx->mount[4].target = "/a/../b";
	fx_refused(fx, SBX_STAGE_SPEC, "target '/a/../b'");
}

static void i02_long_path(struct fx *fx)
{
	char path[2400];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", fx->work);
	struct sbx *sbx;

	for (int i = 0; i < 9; i++) {
		memset(path + n, 'd', 240);
		path[n] = '/';
		n += 240;
		path[n] = '\0';
		fx_mkdir(path);
	}
	fx_add(fx, SBX_BIND, SBX_IDMAP, path, "/long");
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo x >/long/f") == 0, "%s", fx->out);
	sbx_close(sbx);
}

static const struct fx_case files[] = {
	{ "A01 walk upwards", a01_walk },
	{ "A02 chroot with a kept directory", a02_chroot },
	{ "A05 links of the image on the way to a target", a05_links },
	{ "A06 targets of a file", a06_file_targets },
	{ "A07 cache target links to the host", a07_cache_link },
	{ "A11 proc, sys, dev of the image", a11_own_dirs },
	{ "A12 working directories", a12_workdir },
	{ "A13 null device is a file", a13_null },
	{ "A14 links in the image's dev", a14_dev_links },
	{ "A15 mount stub replaced", a15_stub },
	{ "A18 file handles", a18_handles },
	{ "A19 links across mounts", a19_links_across },
	{ "A20 descriptors of the caller", a20_leaked_fds },
	{ "F02 cache rw", f02_cache_writable },
	{ "F03 cache ro", f03_cache_readonly },
	{ "F04 cache ro with a mount below", f04_submount },
	{ "F16 overlay names", f16_overlay_names },
	{ "overlay in memory", overlay_in_memory },
	{ "overlay of a cache", overlay_of_cache },
	{ "mounts: optional, tmpfs", optional_and_tmpfs },
	{ "I02 long paths", i02_long_path },
};

FX_TESTS(files, files)
