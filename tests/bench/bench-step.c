/*
 * What one more step costs in a build: the time of a build with many steps `true` less that of
 * a build with one, shared out; beside it the same shell started on the host, and one bwrap
 * call with like namespaces and mounts.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

#define MORE_STEPS 60

static void write_build_file(const char *name, int steps)
{
	FILE *f = fopen(name, "w");

	if (!f)
		exit(1);
	fputs("package: {name: bench, version: '1', epoch: 0}\npipeline:\n", f);
	for (int i = 0; i < steps; i++)
		fputs("  - runs: 'true'\n", f);
	if (fclose(f) != 0)
		exit(1);
}

static double build(const char *file)
{
	const char *const argv[] = { bench_melange(),
				     "build",
				     "--root=host",
				     "--network=none",
				     "--signing-key",
				     "key.rsa",
				     "--empty-workspace",
				     "--git-commit=0",
				     "--git-repo-url=https://example.invalid/bench",
				     file,
				     NULL };

	return bench_spawn(argv, NULL);
}

static double one_more_step(void *unused)
{
	double few = build("one.yaml"), many = build("many.yaml");

	(void)unused;
	return few < 0 || many < 0 ? -1 : (many - few) / MORE_STEPS;
}

int main(void)
{
	static const char *const bash[] = { "bash", "-c", "true", NULL };
	static const char *const sh[] = { "sh", "-c", "true", NULL };
	static const char *const bwrap[] = {
		"bwrap",     "--unshare-all", "--unshare-user", "--ro-bind", "/usr",    "/usr",
		"--symlink", "usr/bin",       "/bin",           "--symlink", "usr/lib", "/lib",
		"--symlink", "usr/lib64",     "/lib64",         "--proc",    "/proc",   "--dev",
		"/dev",      "--tmpfs",       "/tmp",           "bash",      "-c",      "true",
		NULL
	};
	const struct bench_case bench[] = {
		{ "fork+exec of bash -c true on the host", bench_spawn_case,
		  (void *)(uintptr_t)bash },
		{ "one more step `runs: 'true'` in a build", one_more_step, NULL },
		{ "fork+exec of sh -c true on the host", bench_spawn_case,
		  (void *)(uintptr_t)sh },
		{ "one bwrap call of bash -c true", bench_spawn_case,
		  (void *)(uintptr_t)bwrap },
	};

	bench_folder(1);
	write_build_file("one.yaml", 1);
	write_build_file("many.yaml", 1 + MORE_STEPS);
	return bench_compare("A step", bench, sizeof(bench) / sizeof(bench[0]), 15);
}
