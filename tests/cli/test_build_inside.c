/*
 * What a step of a whole build can see and reach: each case is a script that fails when it
 * finds what it must not. The host holds a canary in every place that is looked at.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "builds.h"

#define CANARY   "canary-4711"
#define ABSTRACT "melange-test-canary"

static const struct {
	const char *name;
	const char *script; /* set -e holds; @DIR@, PORT */
} cases[] = {
	{ "folders of the host are empty or missing",
	  "for dir in /root /run /tmp /opt /srv /mnt /var/lib /var/log /var/tmp; do\n"
	  "  [ -z \"$(ls -A $dir)\" ] || { ls -A $dir; exit 1; }\n"
	  "done\n"
	  "[ \"$(ls -A /home)\" = build ]\n"
	  "[ ! -e /boot ]\n[ ! -e /media ]\n[ ! -e /lost+found ]" },
	{ "the place of the test is not there", "[ ! -e @DIR@ ]\n"
						"[ ! -e /proc/1/root@DIR@ ]\n"
						"[ ! -e /proc/1/cwd/secret ]\n"
						"refuse cat /../../../..@DIR@/secret" },
	{ "accounts and secrets of /etc",
	  "for name in shadow gshadow machine-id localtime ssh sudoers.d fstab ssl/private; "
	  "do\n"
	  "  [ ! -e /etc/$name ] || { echo $name; exit 1; }\n"
	  "done\n"
	  "[ \"$(cat /etc/hostname)\" = localhost ]\n"
	  "refuse grep -v -e ^root: -e ^nobody: -e ^build: /etc/passwd" },
	{ "environment of the caller",
	  "refuse eval 'env | grep " CANARY "'\n"
	  "refuse eval 'cat /proc/[0-9]*/environ | grep -a " CANARY "'\n"
	  "refuse eval 'cat /proc/[0-9]*/cmdline | grep -a [-]-git-commit'" },
	{ "environment is this and nothing else",
	  "env | sed 's/=.*//' | sort | tr '\\n' ' ' >names\n"
	  "cat names\n"
	  "for name in HOME PATH SOURCE_DATE_EPOCH GOPATH GOMODCACHE; do\n"
	  "  grep -q \"$name \" names || { echo \"$name is missing\"; exit 1; }\n"
	  "done\n"
	  "refuse grep -e TMPDIR -e USER -e LOGNAME -e XDG_ -e LANG -e LC_ -e SSH_ names" },
	{ "descriptors of the caller", "[ ! -e /proc/$$/fd/77 ]\n[ ! -e /proc/1/fd/77 ]\n"
				       "refuse eval 'ls -l /proc/[0-9]*/fd | grep @DIR@'\n"
				       "[ \"$(readlink /proc/$$/fd/0)\" = /dev/null ]" },
	{ "processes of the host", "refuse eval 'cat /proc/[0-9]*/comm | grep test-build'\n"
				   "[ \"$(ls -d /proc/[0-9]* | wc -l)\" -le 6 ]" },
	{ "network: interfaces",
	  "[ \"$(sed -n 's/^ *\\([^ :]*\\):.*/\\1/p' /proc/net/dev)\" = lo ]\n"
	  "[ \"$(wc -l </proc/net/route)\" -le 1 ]" },
	{ "network: a port of the host", "refuse eval '(exec 3<>/dev/tcp/127.0.0.1/$PORT)'\n"
					 "refuse eval '(exec 3<>/dev/tcp/192.0.2.1/80)'" },
	{ "network: an abstract socket of the host",
	  "perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die \"no socket\";"
	  " exit(connect($s, pack(\"Sa*\", AF_UNIX, \"\\0" ABSTRACT "\")) ? 1 : 0)'" },
	{ "host name", "[ \"$(uname -n)\" = localhost ]\n"
		       "refuse hostname evil\n"
		       "refuse eval '(echo evil >/proc/sys/kernel/hostname)'\n"
		       "[ \"$(uname -n)\" = localhost ]" },
	{ "kernel log", "refuse dmesg\n"
			"refuse eval '(cat </dev/kmsg)'\n"
			"[ -z \"$(head -c 1 /proc/kmsg)\" ]" },
	{ "ids and rights", "[ \"$(id -u):$(id -g):$(id -un)\" = 1000:1000:build ]\n"
			    "grep -q '^NoNewPrivs:.1$' /proc/self/status\n"
			    "grep -q '^Seccomp:.2$' /proc/self/status\n"
			    "grep -q '^CapBnd:.00000000a80425fb$' /proc/self/status\n"
			    "refuse su -c true" },
	{ "real root", "refuse mount -t tmpfs none /mnt\n"
		       "refuse mknod disk b 8 0\n"
		       "refuse eval '(echo x >/proc/sys/vm/drop_caches)'\n"
		       "refuse eval '(echo x >/proc/sysrq-trigger)'\n"
		       "refuse eval 'unshare -Ur true'" },
	{ "devices",
	  "[ -c /dev/null ]\n[ -c /dev/urandom ]\n[ -d /dev/shm ]\n"
	  "refuse eval 'ls /dev | grep -e ^sd -e ^mem$ -e ^kvm$ -e ^loop -e ^fuse$'" },
	{ "terminal", "refuse test -t 0\nrefuse eval '(: </dev/tty)'" },
	{ "places of /usr are private",
	  "if touch /usr/bin/" CANARY " /usr/local/lib/" CANARY "; then\n"
	  "  [ -e /usr/bin/" CANARY " ]\n"
	  "fi\n"
	  "if rm -f /usr/bin/env; then [ ! -e /usr/bin/env ]; fi" },
	{ "signals and umask", "grep -q '^SigBlk:.0*$' /proc/self/status\n"
			       "grep -q '^SigIgn:.0*$' /proc/self/status\n"
			       "[ \"$(umask)\" = 0022 ]" },
	{ "time zone and locale", "[ \"$(date +%Z)\" = UTC ]\n[ -z \"${LANG-}${LC_ALL-}\" ]" },
	{ "workspace and temporary folder can be written",
	  "[ \"$PWD\" = /home/build ]\ntouch here /tmp/here /var/tmp/here\n"
	  "[ \"$(stat -c %u:%g here)\" = 1000:1000 ]\n"
	  "mkdir -p /var/cache/melange\ntouch /var/cache/melange/here" },
};

/* A command that must fail; set -e does not look at commands behind '!'. */
static const char prelude[] = "refuse() {\n"
			      "  if \"$@\" >out 2>&1; then\n"
			      "    cat out\n"
			      "    echo \"this worked: $*\"\n"
			      "    exit 1\n"
			      "  fi\n"
			      "}\n";

ParameterizedTestParameters(inside, step)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

/* What a leaky sandbox would show: a file, a descriptor without close-on-exec, two sockets. */
static unsigned plant(const struct run_place *place)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	run_place_write(place, "secret", CANARY);
	cr_assert_eq(dup2(open(run_place_path(place, "secret"), O_RDONLY | O_CLOEXEC), 77), 77);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(tcp, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(tcp, 4), 0);
	cr_assert_eq(getsockname(tcp, (struct sockaddr *)&address, &len), 0);
	memcpy(name.sun_path + 1, ABSTRACT, strlen(ABSTRACT));
	/* another test of this process tree may hold the name already: as good */
	if (bind(unix_fd, (struct sockaddr *)&name,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ABSTRACT))) ==
	    0)
		listen(unix_fd, 4);
	return ntohs(address.sin_port);
}

ParameterizedTest(const size_t *i, inside, step, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *const env[] = { "SECRET=" CANARY, "LANG=C.UTF-8", "USER=" CANARY, NULL };
	const struct run_opts opts = { .env = env };
	size_t which;
	char *script;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	cr_assert_gt(asprintf(&script, "PORT=%u\n%s%s\n", plant(&place), prelude,
			      cases[which].script),
		     0);
	build_write_step(&place, "x", script);
	free(script);
	BUILD(&result, &place, &opts, "--empty-workspace", "x.yaml");
	cr_assert_eq(result.code, 0, "%s: exit status %d\n%s", cases[which].name, result.code,
		     result.err);
	cr_assert_eq(access("/usr/bin/" CANARY, F_OK), -1, "the host's /usr was written");
	cr_assert_eq(access("/usr/bin/env", F_OK), 0);
	build_check_clean(&place);
}
