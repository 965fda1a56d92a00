/*
 * Set-up and tear-down of a sandbox that runs `true` once: ours, bwrap with like namespaces and
 * mounts, and unshare with the namespaces alone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/sbx.h"
#include "tests/bench/bench.h"

/* Print the reason once: the case is listed as one that cannot run. */
static double refused(const struct sbx_err *err)
{
	static int said;

	if (!said++)
		fprintf(stderr, "bench: %s\n", err->text);
	return -1;
}

static char root[64]; /* of the sandbox, absolute */

static double sandbox(void *arg)
{
	static const struct sbx_mount mount[] = {
		{ .type = SBX_BIND, .flags = SBX_READONLY, .source = "/usr", .target = "/usr" },
		{ .type = SBX_TMPFS, .target = "/tmp" },
	};
	static const char *const argv[] = { "/usr/bin/true", NULL };
	static const char *const env[] = { "PATH=/usr/bin", NULL };
	const struct sbx_ids *ids = arg;
	const struct sbx_spec spec = { .root = root,
				       .ids = *ids,
				       .mount = mount,
				       .mount_len = sizeof(mount) / sizeof(mount[0]),
				       .net = SBX_NET_NONE };
	const struct sbx_step step = { .argv = argv, .env = env, .workdir = "/" };
	double start = bench_now();
	struct sbx_status status;
	struct sbx_err err;
	struct sbx *sbx;

	if (sbx_open(&sbx, &spec, &err) < 0)
		return refused(&err);
	if (sbx_exec(sbx, &step, &err) < 0 || sbx_wait(sbx, -1, -1, &status, &err) < 0) {
		sbx_close(sbx);
		return refused(&err);
	}
	sbx_close(sbx);
	if (status.end != SBX_EXITED || status.code != 0)
		return -1;
	return bench_now() - start;
}

/* An empty root in the working directory, with the links of a merged /usr. */
static int make_root(struct sbx_ids *ids)
{
	static const char *const link[] = { "bin", "lib", "lib64", "sbin" };
	struct sbx_err err;
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char from[32], to[32];

	if (sbx_ids_choose(ids, 1000, 1000, fd, false, &err) < 0) {
		refused(&err);
		return -1;
	}
	close(fd);
	if (chmod(".", 0755) < 0 || mkdir("root", 0755) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(link) / sizeof(link[0]); i++) {
		snprintf(from, sizeof(from), "usr/%s", link[i]);
		snprintf(to, sizeof(to), "root/%s", link[i]);
		if (symlink(from, to) < 0)
			return -1;
	}
	return geteuid() == 0 ? chown("root", ids->host_uid, ids->host_gid) : 0;
}

int main(void)
{
	static const char *const bwrap[] = {
		"bwrap",     "--unshare-all", "--unshare-user", "--ro-bind", "/usr",    "/usr",
		"--symlink", "usr/bin",       "/bin",           "--symlink", "usr/lib", "/lib",
		"--symlink", "usr/lib64",     "/lib64",         "--proc",    "/proc",   "--dev",
		"/dev",      "--tmpfs",       "/tmp",           "true",      NULL
	};
	static const char *const unshare_[] = { "unshare", "--user",       "--map-root-user",
						"--mount", "--pid",        "--fork",
						"--ipc",   "--uts",        "--cgroup",
						"--net",   "--mount-proc", "true",
						NULL };
	struct sbx_ids ids;
	const struct bench_case bench[] = {
		{ "bwrap, same namespaces and mounts", bench_spawn_case,
		  (void *)(uintptr_t)bwrap },
		{ "ours, with filter and its own init", sandbox, &ids },
		{ "unshare, same namespaces, only /proc", bench_spawn_case,
		  (void *)(uintptr_t)unshare_ },
	};

	snprintf(root, sizeof(root), "%s/root", bench_folder(0));
	if (make_root(&ids) < 0) {
		perror("bench: cannot make a root");
		return 1;
	}
	return bench_compare("Set-up and tear-down of a sandbox", bench,
			     sizeof(bench) / sizeof(bench[0]), 100);
}
