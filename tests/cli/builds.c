/* Builds in tests: see builds.h. */
#include "builds.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

bool build_place(struct run_place *place, size_t index, size_t *which)
{
	uid_t user[RUN_USERS_MAX];
	size_t users = run_users(user);

	*place = (struct run_place){ .dir = "" };
	if (index % RUN_USERS_MAX >= users)
		return false;
	*which = index / RUN_USERS_MAX;
	run_place_make(place, user[index % RUN_USERS_MAX]);
	run_place_write(place, "tmp/made", "");
	unlink(run_place_path(place, "tmp/made"));
	return true;
}

char *build_expand(const struct run_place *place, const char *text)
{
	char *out = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&out, &len);
	const char *hit;

	for (; (hit = strstr(text, "@DIR@")); text = hit + strlen("@DIR@"))
		fprintf(stream, "%.*s%s", (int)(hit - text), text, place->dir);
	fputs(text, stream);
	cr_assert_eq(fclose(stream), 0);
	return out;
}

void build_write(const struct run_place *place, const char *name, const char *body)
{
	char path[128], *text = build_expand(place, body), *all;

	snprintf(path, sizeof(path), "%s.yaml", name);
	cr_assert_gt(asprintf(&all,
			      "package:\n"
			      "  name: %s\n"
			      "  version: \"1.0\"\n"
			      "  epoch: 0\n"
			      "  description: a test\n"
			      "  copyright:\n"
			      "    - license: MIT\n"
			      "%s",
			      name, text),
		     0);
	run_place_write(place, path, all);
	free(all);
	free(text);
}

void build_write_step(const struct run_place *place, const char *name, const char *script)
{
	char *body = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&body, &len);

	fputs("pipeline:\n  - name: step\n    runs: |\n", stream);
	while (*script) {
		size_t line = strcspn(script, "\n");

		fprintf(stream, "      %.*s\n", (int)line, script);
		script += line + (script[line] == '\n');
	}
	cr_assert_eq(fclose(stream), 0);
	build_write(place, name, body);
	free(body);
}

void build_melange(struct run_result *result, const struct run_place *place,
		   const struct run_opts *opts, const char *const *args)
{
	static const char *const shared[] = { "build", "--network=none", "--git-commit=c0ffee",
					      "--git-repo-url=https://example.com/repo" };
	const char *all[BUILD_COUNTOF(shared) + 24] = { NULL }, *env[16] = { NULL };
	char *own[24] = { NULL };
	struct run_opts with_temp = opts ? *opts : (struct run_opts){ 0 };
	char temp[128];
	size_t len = 0, env_len = 0, own_len = 0;

	for (; len < BUILD_COUNTOF(shared); len++)
		all[len] = shared[len];
	for (; *args; args++) {
		cr_assert_lt(own_len, BUILD_COUNTOF(own) - 1);
		own[own_len] = build_expand(place, *args);
		all[len++] = own[own_len++];
	}
	snprintf(temp, sizeof(temp), "TMPDIR=%s/tmp", place->dir);
	env[env_len++] = temp;
	for (const char *const *name = with_temp.env; name && *name; name++)
		env[env_len++] = *name;
	with_temp.env = env;
	run_melange(result, place, &with_temp, all);
	while (own_len)
		free(own[--own_len]);
}

void build_expect(const struct run_place *place, const struct run_result *result, int code,
		  const char *const *says)
{
	cr_assert_eq(result->code, code, "exit status %d, not %d:\n%s", result->code, code,
		     result->err);
	for (; *says; says++) {
		char *text = build_expand(place, *says);

		cr_assert(strstr(result->err, text), "no '%s' in:\n%s", text, result->err);
		free(text);
	}
}

/* --- what came out -------------------------------------------------------------------------
 */

const char *build_out(const char *file)
{
	static char path[4][256];
	static unsigned next;
	char *out = path[next++ % 4];
	struct utsname machine;

	uname(&machine);
	snprintf(out, sizeof(path[0]), "packages/%s/%s", machine.machine, file);
	return out;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_names(const char *folder, const char *prefix, char ***name, size_t *len)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path, *shown;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		cr_assert_gt(asprintf(&path, "%s/%s", folder, entry->d_name), 0);
		bool is_dir = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);

		cr_assert_gt(
			asprintf(&shown, "%s%s%s", prefix, entry->d_name, is_dir ? "/" : ""),
			0);
		*name = realloc(*name, (*len + 1) * sizeof(**name));
		(*name)[(*len)++] = shown;
		if (is_dir)
			add_names(path, shown, name, len);
		free(path);
	}
	if (dir)
		closedir(dir);
}

char *build_list(const struct run_place *place, const char *folder)
{
	char **name = NULL, *out = NULL;
	size_t len = 0, out_len = 0;
	FILE *stream = open_memstream(&out, &out_len);

	add_names(run_place_path(place, folder), "", &name, &len);
	if (len)
		qsort(name, len, sizeof(*name), by_name);
	for (size_t i = 0; i < len; i++) {
		fprintf(stream, "%s\n", name[i]);
		free(name[i]);
	}
	free(name);
	cr_assert_eq(fclose(stream), 0);
	return out;
}

static char *tar_text(const struct run_place *place, const char *mode, const char *file,
		      const char *member)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct run_place as_caller = *place;
	const char *const args[] = { mode, build_out(file), member, NULL };

	as_caller.uid = geteuid();
	run_program(&result, &as_caller, NULL, "tar", args);
	if (result.code != 0)
		return NULL;
	char *text = result.out;

	result.out = NULL;
	return text;
}

char *build_member(const struct run_place *place, const char *file, const char *member)
{
	return tar_text(place, "-xzOf", file, member);
}

char *build_members(const struct run_place *place, const char *file)
{
	return tar_text(place, "-tzf", file, NULL);
}

/* --- what must not be left ------------------------------------------------------------------
 */

/* Does a file of /proc hold the text? NUL bytes are skipped over. */
static bool proc_holds(const char *path, const char *text)
{
	static char block[1 << 18];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len, all = 0;

	if (fd < 0)
		return false;
	while (all < (ssize_t)sizeof(block) &&
	       (len = read(fd, block + all, sizeof(block) - (size_t)all)) > 0)
		all += len;
	close(fd);
	return memmem(block, (size_t)all, text, strlen(text)) != NULL;
}

/* A process that runs a program of the place, or lives in a sandbox that shows its folders. */
static long left_process(const struct run_place *place)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	long found = 0;

	cr_assert(dir);
	while (!found && (entry = readdir(dir))) {
		char path[64];
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
		if (proc_holds(path, place->dir))
			found = pid;
		snprintf(path, sizeof(path), "/proc/%ld/mountinfo", pid);
		if (proc_holds(path, place->dir))
			found = pid;
	}
	closedir(dir);
	return found;
}

static void check_names(const struct run_place *place)
{
	char *names = build_list(place, "packages");

	cr_assert_not(strstr(names, "/."), "temporary names are left:\n%s", names);
	cr_assert_not(strstr(names, ".tmp"), "temporary names are left:\n%s", names);
	free(names);
}

void build_check_gone(const struct run_place *place)
{
	long pid = 0;

	for (int i = 0; i < 60 && (pid = left_process(place)); i++)
		pause_ms(50);
	cr_assert_eq(pid, 0, "process %ld or a mount of it is left", pid);
	check_names(place);
}

void build_check_clean(const struct run_place *place)
{
	build_check_gone(place);

	char *names = build_list(place, "tmp");

	cr_assert_str_eq(names, "", "temporary files are left:\n%s", names);
	free(names);
}

void build_await(const struct run_place *place, const char *path)
{
	for (int i = 0; i < 500; i++) {
		if (access(run_place_path(place, path), F_OK) == 0)
			return;
		pause_ms(10);
	}
	cr_assert_fail("%s did not come", path);
}

void build_keygen(const struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	RUN_MELANGE(&result, place, NULL, "keygen", "--key-size=2048", "test.rsa");
	cr_assert_eq(result.code, 0, "%s", result.err);
}
