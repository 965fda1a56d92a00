/*
 * A whole minimal build: one step, the root of the host, signed, with index. Time and peak
 * resident size; beside it the least that a process costs, and one bwrap call.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

static const char build_file[] =
	"package: {name: bench, version: '1', epoch: 0, description: bench}\n"
	"pipeline:\n"
	"  - runs: |\n"
	"      mkdir -p ${{targets.destdir}}/usr/bin\n"
	"      echo x > ${{targets.destdir}}/usr/bin/x\n";

static long peak_kb;

static double build(void *unused)
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
				     "bench.yaml",
				     NULL };
	long kb = 0;
	double ns = bench_spawn(argv, &kb);

	(void)unused;
	if (kb > peak_kb)
		peak_kb = kb;
	return ns;
}

int main(void)
{
	static const char *const none[] = { "true", NULL };
	static const char *const bwrap[] = { "bwrap",     "--unshare-all", "--unshare-user",
					     "--ro-bind", "/usr",          "/usr",
					     "--symlink", "usr/bin",       "/bin",
					     "--symlink", "usr/lib",       "/lib",
					     "--symlink", "usr/lib64",     "/lib64",
					     "--proc",    "/proc",         "--dev",
					     "/dev",      "true",          NULL };
	const struct bench_case bench[] = {
		{ "a minimal build, signed, with index", build, NULL },
		{ "one bwrap call of true", bench_spawn_case, (void *)(uintptr_t)bwrap },
		{ "fork+exec of true", bench_spawn_case, (void *)(uintptr_t)none },
	};
	FILE *f;
	int status;

	bench_folder(1);
	f = fopen("bench.yaml", "w");
	if (!f || fputs(build_file, f) < 0 || fclose(f) != 0)
		return 1;
	status = bench_compare("A build", bench, sizeof(bench) / sizeof(bench[0]), 40);
	printf("  peak resident size of a build, its steps included: %.1f MB\n\n",
	       (double)peak_kb / 1024);
	return status;
}
