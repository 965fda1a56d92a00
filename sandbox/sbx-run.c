/*
 * Hand tool: run one command with a directory as its root.
 *   sbx-run [--net none|host] [--uid UID[:GID]] [--single] [--bind SRC:DST] [--ro SRC:DST]
 *           [--idmap SRC:DST] [--overlay LOWER:UPPER:WORK:DST] [--tmpfs DST] [--workdir DIR]
 *           [--count N] [--verbose] ROOT [--] COMMAND [ARG...]
 *   sbx-run --probe
 */
#include "sandbox/sbx.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPT_BIND = 256, OPT_RO, OPT_IDMAP, OPT_OVERLAY, OPT_TMPFS };

static const struct option options[] = {
	{ "net", required_argument, NULL, 'n' },
	{ "uid", required_argument, NULL, 'u' },
	{ "single", no_argument, NULL, 's' },
	{ "bind", required_argument, NULL, OPT_BIND },
	{ "ro", required_argument, NULL, OPT_RO },
	{ "idmap", required_argument, NULL, OPT_IDMAP },
	{ "overlay", required_argument, NULL, OPT_OVERLAY },
	{ "tmpfs", required_argument, NULL, OPT_TMPFS },
	{ "workdir", required_argument, NULL, 'w' },
	{ "count", required_argument, NULL, 'c' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "probe", no_argument, NULL, 'p' },
	{ NULL, 0, NULL, 0 },
};

struct run {
	struct sbx_spec spec;
	struct sbx_mount mount[64];
	unsigned uid, gid;
	bool is_single, is_verbose;
	const char *workdir;
	int count;
};

static int complain(const struct sbx_err *err)
{
	fprintf(stderr, "sbx-run: %s\n", err->text);
	if (sbx_hint_text(err->hint))
		fprintf(stderr, "hint: %s\n", sbx_hint_text(err->hint));
	return 125;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: sbx-run [options] ROOT [--] COMMAND [ARG...] | sbx-run --probe\n");
	exit(125);
}

static int print_probe(void)
{
	struct sbx_probe probe;
	struct sbx_err err = { .mount = -1 };

	if (sbx_probe(&probe, &err) < 0)
		return complain(&err);
	printf("tier %d, overlay %d, id-mapped mounts %d, fresh /proc %d\n", probe.tier,
	       probe.overlay, probe.idmap_mounts, probe.fresh_proc);
	if (err.text[0])
		printf("reason: %s\n", err.text);
	if (sbx_hint_text(probe.hint))
		printf("hint: %s\n", sbx_hint_text(probe.hint));
	return 0;
}

static void add_mount(struct run *r, int kind, char *text)
{
	struct sbx_mount *m = &r->mount[r->spec.mount_len];
	char *save = NULL;

	if (r->spec.mount_len == sizeof(r->mount) / sizeof(r->mount[0]))
		usage();
	m->type = kind == OPT_OVERLAY ? SBX_OVERLAY : kind == OPT_TMPFS ? SBX_TMPFS : SBX_BIND;
	m->flags = kind == OPT_RO ? SBX_READONLY : kind == OPT_IDMAP ? SBX_IDMAP : 0;
	if (kind != OPT_TMPFS)
		m->source = strtok_r(text, ":", &save);
	if (kind == OPT_OVERLAY) {
		m->upper = strtok_r(NULL, ":", &save);
		m->work = strtok_r(NULL, ":", &save);
	}
	m->target = kind == OPT_TMPFS ? text : strtok_r(NULL, ":", &save);
	if (!m->target)
		usage();
	r->spec.mount_len++;
}

static void parse(struct run *r, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			r->spec.net = strcmp(optarg, "host") == 0 ? SBX_NET_HOST : SBX_NET_NONE;
			break;
		case 'u':
			r->uid = r->gid = (unsigned)strtoul(optarg, &optarg, 10);
			if (*optarg == ':')
				r->gid = (unsigned)strtoul(optarg + 1, NULL, 10);
			break;
		case 's':
			r->is_single = true;
			break;
		case 'w':
			r->workdir = optarg;
			break;
		case 'c':
			r->count = (int)strtol(optarg, NULL, 10);
			break;
		case 'v':
			r->is_verbose = true;
			break;
		case 'p':
			exit(print_probe());
		case '?':
			usage();
			break;
		default:
			add_mount(r, c, optarg);
		}
	}
}

static void copy_output(void *user, int stream, const char *bytes, size_t len)
{
	(void)user;
	while (len > 0) {
		ssize_t n = write(stream, bytes, len);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run_step(struct run *r, struct sbx *sbx, char **argv)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
		":/sbin:/bin",
		"HOME=/tmp", NULL
	};
	struct sbx_step step = { .argv = (const char *const *)argv,
				 .env = env,
				 .workdir = r->workdir,
				 .output = copy_output };
	struct sbx_status status;
	struct sbx_err err;
	double start = now_ms();

	if (sbx_exec(sbx, &step, &err) < 0 || sbx_wait(sbx, -1, -1, &status, &err) < 0)
		return complain(&err);
	if (r->is_verbose)
		fprintf(stderr, "step: %.3f ms, end %d, code %d, stray %u\n", now_ms() - start,
			(int)status.end, status.code, status.stray);
	return status.end == SBX_EXITED ? status.code : 128 + status.code;
}

int main(int argc, char **argv)
{
	struct run r = { .uid = 1000, .gid = 1000, .workdir = "/", .count = 1 };
	struct sbx_err err;
	struct sbx *sbx;
	double start;
	int here, code = 0;

	r.spec.mount = r.mount;
	parse(&r, argc, argv);
	if (argc - optind < 2)
		usage();
	r.spec.root = argv[optind++];
	if (strcmp(argv[optind], "--") == 0)
		optind++;
	here = open(r.spec.root, O_PATH | O_CLOEXEC);
	if (r.is_single)
		sbx_ids_single(&r.spec.ids, r.uid, r.gid);
	else if (sbx_ids_choose(&r.spec.ids, r.uid, r.gid, here, true, &err) < 0)
		return complain(&err);
	start = now_ms();
	if (sbx_open(&sbx, &r.spec, &err) < 0)
		return complain(&err);
	if (r.is_verbose)
		fprintf(stderr, "open: %.3f ms, tier %d, id mode %d\n", now_ms() - start,
			sbx_info(sbx)->tier, (int)r.spec.ids.mode);
	for (size_t i = 0; r.is_verbose && i < sbx_info(sbx)->warning_len; i++)
		fprintf(stderr, "warning: %s\n", sbx_hint_text(sbx_info(sbx)->warning[i]));
	for (int i = 0; i < r.count; i++)
		code = run_step(&r, sbx, argv + optind);
	start = now_ms();
	sbx_close(sbx);
	if (r.is_verbose)
		fprintf(stderr, "close: %.3f ms\n", now_ms() - start);
	return code;
}
