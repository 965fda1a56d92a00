/* Caches in tests: see caches.h. */
#include "caches.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

void cache_fill(const struct run_place *place)
{
	run_place_write(place, "cache/old", "old\n");
	run_place_write(place, "cache/sub/old", "old\n");
	run_place_write(place, "cache/gomodcache/m@v1/f.go", "package m\n");
	cr_assert_eq(symlink("old", run_place_path(place, "cache/link")), 0);
	cr_assert_eq(lchown(run_place_path(place, "cache/link"), place->uid, place->uid), 0);
	cr_assert_eq(chmod(run_place_path(place, "cache/gomodcache/m@v1/f.go"), 0444), 0);
	cr_assert_eq(chmod(run_place_path(place, "cache/gomodcache/m@v1"), 0555), 0);
}

char *cache_snapshot(const struct run_place *place, const char *folder)
{
	struct run_result result = { 0 };
	struct run_place root = *place;
	const char *script =
		"cd \"$1\" && find . -printf '%p %y %m %U %G %s %T@ %l\\n' | sort && "
		"find . -type f -print0 | sort -z | xargs -0r sha256sum";
	char *text;

	root.uid = getuid();
	run_program(&result, &root, NULL, "sh",
		    (const char *const[]){ "-c", script, "sh", run_place_path(place, folder),
					   NULL });
	cr_assert_eq(result.code, 0, "%s", result.err);
	text = strdup(result.out);
	run_result_clear(&result);
	return text;
}

void cache_with_users(void (*check)(struct run_place *place))
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check(&place);
	}
}

void cache_check_no_layers(const struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	run_program(
		&result, place, NULL, "sh",
		(const char *const[]){ "-c",
				       "find . -path '*/melange/cache/*/layers/*' | grep -v "
				       "'^./cache/'",
				       NULL });
	cr_assert_str_eq(result.out, "", "layers are left: %s", result.out);
}

void cache_check_owner(const struct run_place *place, const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(run_place_path(place, path), &st), 0, "no %s on the host", path);
	cr_assert_eq(st.st_uid, place->uid, "%s belongs to uid %u", path, st.st_uid);
	cr_assert_eq(st.st_gid, place->uid, "%s belongs to gid %u", path, st.st_gid);
}

bool cache_own_mounts(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	fputs("needs root, who alone can mount here\n", stderr);
	return false;
}

void cache_mount(struct run_place *place, const char *type, const char *path,
		 const char *options)
{
	char marker[128];

	snprintf(marker, sizeof(marker), "%s/mounted", path);
	run_place_write(place, marker, "");
	cr_assert_eq(mount("test", run_place_path(place, path), type, 0, options), 0,
		     "%s on %s: %m", type, path);
	cr_assert_eq(chown(run_place_path(place, path), place->uid, place->uid), 0);
}
