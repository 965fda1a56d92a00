#include "fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define USER_ID 61234

_Noreturn void fx_die(const char *file, int line, const char *cond, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: %s: ", file, line, cond);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	fflush(NULL);
	_exit(1);
}

const char *fx_path(const struct fx *fx, const char *name)
{
	static char slot[4][256];
	static unsigned next;
	char *path = slot[next++ % 4];

	snprintf(path, sizeof(slot[0]), "%s/%s", fx->dir, name);
	return path;
}

void fx_mkdir(const char *path)
{
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST, "%s: %s", path, strerror(errno));
}

void fx_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s: %s", path, strerror(errno));
}

void fx_link(const char *text, const char *path)
{
	CHECK(symlink(text, path) == 0, "%s: %s", path, strerror(errno));
}

bool fx_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

void fx_need_upper(const struct fx *fx)
{
	struct statfs fs;

	if (statfs(fx->dir, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC) {
		fputs("skip: needs a /tmp that can hold an upper layer, not an overlay",
		      stderr);
		_exit(1);
	}
}

struct sbx_mount *fx_add(struct fx *fx, enum sbx_mount_type type, unsigned flags,
			 const char *source, const char *target)
{
	struct sbx_mount *m = &fx->mount[fx->spec.mount_len++];

	CHECK(fx->spec.mount_len <= COUNTOF(fx->mount), "too many mounts");
	*m = (struct sbx_mount){
		.type = type, .flags = flags, .source = source, .target = target
	};
	return m;
}

/* --- ids ------------------------------------------------------------------------------------
 */

/* Account files of our own, seen by this process only. */
static void give_subids(void)
{
	static const char *const file[] = { "/etc/passwd", "/etc/subuid", "/etc/subgid" };

	CHECK(unshare(CLONE_NEWNS) == 0 &&
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0,
	      "%s", strerror(errno));
	for (size_t i = 0; i < COUNTOF(file); i++) {
		char path[] = "/tmp/sbx-account-XXXXXX";
		int fd = mkstemp(path);

		CHECK(fd >= 0 && fchmod(fd, 0644) == 0, "%s", strerror(errno));
		if (i == 0)
			dprintf(fd,
				"root:x:0:0::/root:/bin/sh\nsbxtest:x:%d:%d::/tmp:/bin/sh\n",
				USER_ID, USER_ID);
		else
			dprintf(fd, "sbxtest:700000:65536\n");
		close(fd);
		CHECK(mount(path, file[i], NULL, MS_BIND, NULL) == 0, "%s: %s", file[i],
		      strerror(errno));
		unlink(path);
	}
}

static void take_ids(enum fx_kind kind)
{
	if (kind == FX_ROOT)
		return;
	if (geteuid() == 0) {
		if (kind == FX_RANGE)
			give_subids();
		CHECK(setgroups(0, NULL) == 0 && setresgid(USER_ID, USER_ID, USER_ID) == 0 &&
			      setresuid(USER_ID, USER_ID, USER_ID) == 0,
		      "%s", strerror(errno));
		prctl(PR_SET_DUMPABLE, 1);
	}
}

/* --- the folder -----------------------------------------------------------------------------
 */

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	CHECK(in >= 0 && out >= 0, "%s -> %s: %s", from, to, strerror(errno));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK(write(out, buf, (size_t)n) == n, "%s", strerror(errno));
	close(in);
	close(out);
}

static const char *const root_dir[] = { "root",     "root/usr",      "root/tmp",
					"root/etc", "root/home",     "root/home/build",
					"root/var", "root/var/cache" };

static void give_to_guest(struct fx *fx, const char *path)
{
	if (fx->ids.mode == SBX_IDS_ROOT)
		CHECK(lchown(path, fx->ids.host_uid, fx->ids.host_gid) == 0, "%s",
		      strerror(errno));
}

void fx_choose_ids(struct fx *fx, uid_t id)
{
	fx->ids = (struct sbx_ids){ 0 };
	if (fx->kind == FX_USER)
		sbx_ids_single(&fx->ids, id, id);
	else
		CHECK(sbx_ids_choose(&fx->ids, id, id, -1, false, &fx->err) == 0, "%s",
		      fx->err.text);
	fx->spec.ids = fx->ids;
	for (size_t i = 0; i < COUNTOF(root_dir); i++)
		give_to_guest(fx, fx_path(fx, root_dir[i]));
}

static void make_root(struct fx *fx)
{
	static const char *const link[] = { "bin", "lib", "lib64", "sbin" };
	char path[160], text[16];

	for (size_t i = 0; i < COUNTOF(root_dir); i++) {
		fx_mkdir(fx_path(fx, root_dir[i]));
		give_to_guest(fx, fx_path(fx, root_dir[i]));
	}
	for (size_t i = 0; i < COUNTOF(link); i++) {
		snprintf(path, sizeof(path), "%s/%s", fx->root, link[i]);
		snprintf(text, sizeof(text), "usr/%s", link[i]);
		fx_link(text, path);
	}
	snprintf(path, sizeof(path), "%s/marker", fx->root);
	fx_write(path, "guest\n");
	give_to_guest(fx, path);
}

static void set_up(struct fx *fx, const char *probe)
{
	int here;

	snprintf(fx->dir, sizeof(fx->dir), "/tmp/sbx-test-XXXXXX");
	CHECK(mkdtemp(fx->dir), "%s", strerror(errno));
	snprintf(fx->root, sizeof(fx->root), "%s/root", fx->dir);
	snprintf(fx->work, sizeof(fx->work), "%s/work", fx->dir);
	snprintf(fx->cache, sizeof(fx->cache), "%s/cache", fx->dir);
	snprintf(fx->canary, sizeof(fx->canary), "%s/canary", fx->dir);
	here = open(fx->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(sbx_ids_choose(&fx->ids, 1000, 1000, here, true, &fx->err) == 0, "%s",
	      fx->err.text);
	close(here);
	if (fx->kind == FX_USER &&
	    fx->ids.mode == SBX_IDS_HELPER) /* the caller's own account */
		sbx_ids_single(&fx->ids, 1000, 1000);
	make_root(fx);
	fx_mkdir(fx->work);
	fx_mkdir(fx->cache);
	fx_mkdir(fx->canary);
	fx_write(fx_path(fx, "canary/secret"), "canary-of-the-host\n");
	copy_file(probe, fx_path(fx, "probe"));
	fx->spec.root = fx->root;
	fx->spec.ids = fx->ids;
	fx->spec.mount = fx->mount;
	fx_add(fx, SBX_BIND, SBX_READONLY, "/usr", "/usr");
	fx_add(fx, SBX_BIND, SBX_READONLY, strdup(fx_path(fx, "probe")), "/probe");
	fx_add(fx, SBX_BIND, SBX_IDMAP, fx->work, "/home/build");
	fx_add(fx, SBX_BIND, SBX_IDMAP, fx->cache, "/var/cache/melange");
}

/* --- traces ---------------------------------------------------------------------------------
 */

static size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static size_t count_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	size_t n = 0;
	int c;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static void check_canary(const struct fx *fx)
{
	char text[64] = "";
	FILE *f = fopen(fx_path(fx, "canary/secret"), "re");
	DIR *d = opendir(fx->canary);
	size_t n = 0;

	CHECK(f && fgets(text, sizeof(text), f) && !strcmp(text, "canary-of-the-host\n"),
	      "the canary file changed: '%s'", text);
	fclose(f);
	while (d && readdir(d))
		n++;
	CHECK(n == 3, "%zu entries with the canary", n);
	closedir(d);
}

static _Noreturn void case_process(enum fx_kind kind, void (*run)(struct fx *fx),
				   const char *probe)
{
	struct fx *fx = calloc(1, sizeof(*fx));
	size_t fds, mounts;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_DFL);
	take_ids(kind);
	fx->kind = kind;
	set_up(fx, probe);
	CHECK((fx->ids.mode == SBX_IDS_HELPER) == (kind == FX_RANGE), "id mode %d",
	      fx->ids.mode);
	fds = count_fds();
	mounts = count_mounts();
	run(fx);
	CHECK(waitpid(-1, NULL, 0) < 0 && errno == ECHILD, "a process is left");
	CHECK(count_fds() == fds, "descriptors: %zu before, %zu after", fds, count_fds());
	CHECK(count_mounts() == mounts, "mounts: %zu before, %zu after", mounts,
	      count_mounts());
	check_canary(fx);
	CHECK(sbx_rmtree(&fx->ids, fx->dir, &fx->err) == 0, "%s", fx->err.text);
	CHECK(!fx_exists(fx->dir), "'%s' is still there", fx->dir);
	_exit(0);
}

static const char *probe_path(void)
{
	static char path[PATH_MAX];
	const char *name = getenv("SBX_PROBE");

	if (!name)
		name = "tests/sandbox/probe";
	return realpath(name, path) ? path : NULL;
}

static const char *why_not(enum fx_kind kind)
{
	if (kind == FX_ROOT && geteuid() != 0)
		return "skip: not root";
	if (kind == FX_RANGE && (geteuid() != 0 || access("/usr/bin/newuidmap", X_OK) < 0))
		return "skip: needs root and newuidmap";
	if (kind == FX_RANGE && access("/etc/subuid", R_OK) < 0)
		return "skip: there is no /etc/subuid to cover";
	return NULL;
}

static const char *sandbox_refused(void)
{
	static char text[SBX_ERR_TEXT + 16];
	struct sbx_probe probe;
	struct sbx_err err = { .mount = -1 };

	if (sbx_probe(&probe, &err) == 0 && probe.tier >= 2)
		return NULL;
	snprintf(text, sizeof(text), "skip: %s", err.text);
	return text;
}

const char *fx_run_case(enum fx_kind kind, void (*run)(struct fx *fx))
{
	static char result[8192];
	const char *probe = probe_path();
	const char *skip = why_not(kind);
	int out[2], status = 0;
	size_t have = 0;
	ssize_t n;
	pid_t pid;

	if (!skip)
		skip = sandbox_refused();
	if (skip)
		return skip;
	if (!probe)
		return "the probe program is missing (SBX_PROBE)";
	if (pipe(out) < 0)
		return "pipe";
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 2);
		close(out[0]);
		close(out[1]);
		case_process(kind, run, probe);
	}
	close(out[1]);
	while (have + 1 < sizeof(result) &&
	       (n = read(out[0], result + have, sizeof(result) - 1 - have)) > 0)
		have += (size_t)n;
	result[have] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	if (status == 0)
		return "";
	if (have == 0)
		snprintf(result, sizeof(result), "ended with status 0x%x", (unsigned)status);
	return result;
}

/* --- sandboxes and steps --------------------------------------------------------------------
 */

struct sbx *fx_open(struct fx *fx)
{
	struct sbx *sbx = NULL;

	CHECK(sbx_open(&sbx, &fx->spec, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_info(sbx)->init_pid > 1, "pid %d", (int)sbx_info(sbx)->init_pid);
	return sbx;
}

void fx_refused(struct fx *fx, int stage, const char *want)
{
	struct sbx *sbx = NULL;

	CHECK(sbx_open(&sbx, &fx->spec, &fx->err) < 0, "started");
	CHECK(sbx == NULL, "a sandbox in spite of an error");
	CHECK(fx->err.stage == stage, "stage %d: %s", fx->err.stage, fx->err.text);
	CHECK(strstr(fx->err.text, want), "text: %s", fx->err.text);
}

static void keep_output(void *user, int stream, const char *bytes, size_t len)
{
	struct fx *fx = user;

	(void)stream;
	if (len > sizeof(fx->out) - 1 - fx->out_len)
		len = sizeof(fx->out) - 1 - fx->out_len;
	memcpy(fx->out + fx->out_len, bytes, len);
	fx->out_len += len;
	fx->out[fx->out_len] = '\0';
}

int fx_step(struct fx *fx, struct sbx *sbx, const char *const *argv)
{
	static const char *const env[] = { "PATH=/usr/bin:/usr/sbin", "HOME=/home/build",
					   NULL };
	struct sbx_step step = { .argv = argv,
				 .env = env,
				 .workdir = fx->workdir ? fx->workdir : "/home/build",
				 .output = keep_output,
				 .user = fx };

	fx->out_len = 0;
	fx->out[0] = '\0';
	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, 20000, -1, &fx->status, &fx->err) == 0, "%s", fx->err.text);
	CHECK(fx->status.end == SBX_EXITED || fx->status.end == SBX_SIGNALED, "end %d: %s",
	      (int)fx->status.end, fx->out);
	return fx->status.code + (fx->status.end == SBX_SIGNALED ? 256 : 0);
}
