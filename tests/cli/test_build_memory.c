/*
 * Nobody named a temporary folder: the guest's system folders lie in memory, and nothing of
 * them stays there. Source: tmpfs(5), overlayfs in the kernel's documentation.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builds.h"

/* As the program does: a tmpfs of three gigabytes for programs, with attributes of users. */
static const char *why_not(void)
{
	char path[] = "/dev/shm/melange-test-XXXXXX";
	struct statvfs fs;
	int fd, r;

	if (statvfs("/dev/shm", &fs) < 0 || (fs.f_flag & ST_NOEXEC) ||
	    fs.f_bavail * fs.f_frsize < 3UL << 30)
		return "/dev/shm has no three gigabytes for programs here";
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	r = fsetxattr(fd, "user.test", "", 0, 0);
	close(fd);
	unlink(path);
	return r < 0 ? "the tmpfs of this kernel has no attributes of users (6.6)" : NULL;
}

/* Is there a state directory of the process in the folder? */
static bool has_state_of(const char *folder, pid_t pid)
{
	char prefix[64];
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	bool found = false;

	snprintf(prefix, sizeof(prefix), "melange.%d.", (int)pid);
	while (dir && (entry = readdir(dir)))
		found |= strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (dir)
		closedir(dir);
	return found;
}

struct watch {
	const struct run_place *place;
	pid_t pid;
	bool is_killed, was_in_memory;
};

static void look(pid_t pid, void *user)
{
	struct watch *watch = user;

	build_await(watch->place, "cache/ready");
	watch->pid = pid;
	watch->was_in_memory = has_state_of("/dev/shm", pid);
	if (watch->is_killed)
		kill(pid, SIGKILL);
}

static void build(struct run_result *result, struct run_place *place, struct watch *watch,
		  const char *script)
{
	const struct run_opts opts = { .while_running = watch ? look : NULL, .user = watch };

	build_write_step(place, "x", script);
	run_melange(result, place, &opts,
		    (const char *const[]){ "build", "--network=none", "--empty-workspace",
					   "--cache-dir=cache", "x.yaml", NULL });
}

static void check(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 }, killed RUN_AUTO_RESULT = { 0 },
				 next RUN_AUTO_RESULT = { 0 };
	struct watch watch = { .place = place };

	build(&result, place, &watch,
	      "[ $(stat -f -c %T /opt) = tmpfs ]\n"
	      "echo new >/usr/bin/new\necho new >/opt/new\ncat /usr/bin/new\n"
	      "[ $(stat -c %d /home/build) != $(stat -c %d /opt) ]\n"
	      "touch /var/cache/melange/ready\nsleep 0.3");
	BUILD_EXPECT(place, &result, 0, "INFO new");
	cr_assert(watch.was_in_memory);
	cr_assert_not(has_state_of("/dev/shm", watch.pid));
	cr_assert_not(has_state_of("/tmp", watch.pid));

	unlink(run_place_path(place, "cache/ready"));
	watch.is_killed = true;
	build(&killed, place, &watch, "touch /var/cache/melange/ready\nsleep 1000");
	cr_assert_eq(killed.code, 128 + SIGKILL, "%s", killed.err);
	build(&next, place, NULL, "true");
	BUILD_EXPECT(place, &next, 0, NULL);
	cr_assert_not(has_state_of("/dev/shm", watch.pid));
	cr_assert_not(has_state_of("/tmp", watch.pid));
}

static void check_limit(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	build(&result, place, NULL, "head -c 2200M /dev/zero >/opt/big\nsleep 1000");
	BUILD_EXPECT(place, &result, 1, "more than 2 GiB into the system folders", "TMPDIR");
}

/* The other branch: the same build, with nothing in memory. */
static void check_on_disk(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct watch watch = { .place = place };

	build(&result, place, &watch,
	      "echo new >/opt/new\ncat /opt/new\ntouch /var/cache/melange/ready\nsleep 0.3");
	BUILD_EXPECT(place, &result, 0, "INFO new");
	cr_assert_not(watch.was_in_memory);
	cr_assert_not(has_state_of("/tmp", watch.pid));
}

static void with_users(void (*check_one)(struct run_place *place))
{
	const char *why = why_not();

	if (why) {
		fprintf(stderr, "%s: the system folders lie on disk\n", why);
		check_one = check_on_disk;
	}
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check_one(&place);
	}
}

Test(memory, system_folders, .timeout = 60)
{
	with_users(check);
}

Test(memory, limit, .timeout = 60)
{
	with_users(check_limit);
}
