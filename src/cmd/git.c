/* Repository of a build file: see git.h. */
#include "cmd/git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"

enum { TEXT_MAX = 1 << 20, OUTPUT_MAX = 1 << 16 };

/* Content of path, "" when it cannot be read. */
static const char *read_text(const char *path, struct mel_arena *arena)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX);

	if (mel_file_read(AT_FDCWD, path, &text, &err) < 0)
		return "";
	return mel_arena_strdup(arena, mel_buf_text(&text));
}

static const char *first_line(const char *text, struct mel_arena *arena)
{
	return mel_arena_strndup(arena, text, strcspn(text, "\r\n"));
}

/* The folder with HEAD: .git itself, or where a file .git points (worktrees, submodules). */
static const char *git_dir(const char *top, struct mel_arena *arena)
{
	const char *dot = mel_arena_printf(arena, "%s/.git", top), *line;
	struct stat st;

	if (stat(dot, &st) == 0 && S_ISDIR(st.st_mode))
		return dot;
	line = first_line(read_text(dot, arena), arena);
	if (!mel_text_starts(line, "gitdir: "))
		return dot;
	line += strlen("gitdir: ");
	return line[0] == '/' ? line : mel_arena_printf(arena, "%s/%s", top, line);
}

/* The folder with refs and config: shared by all worktrees. */
static const char *common_dir(const char *dir, struct mel_arena *arena)
{
	const char *line = first_line(
		read_text(mel_arena_printf(arena, "%s/commondir", dir), arena), arena);

	if (!line[0])
		return dir;
	return line[0] == '/' ? line : mel_arena_printf(arena, "%s/%s", dir, line);
}

bool mel_git_find(struct mel_git *git, const char *file, struct mel_arena *arena)
{
	const char *base = mel_text_basename(file);
	const char *folder =
		base == file ? "." : mel_arena_strndup(arena, file, (size_t)(base - file));
	MEL_AUTO_FREE char *real = realpath(folder, NULL);
	size_t full;

	*git = (struct mel_git){ .top = NULL };
	if (!real)
		return false;
	full = strlen(real);
	for (size_t len = full; len > 0;) {
		const char *top = mel_arena_strndup(arena, real, len);

		if (access(mel_arena_printf(arena, "%s/HEAD", git_dir(top, arena)), R_OK) ==
		    0) {
			const char *below = full > len ? real + len + 1 : "";

			git->top = top;
			git->path = mel_arena_printf(arena, "%s%s%s", below,
						     below[0] ? "/" : "", base);
			return true;
		}
		while (--len > 0 && real[len] != '/')
			;
	}
	return false;
}

static bool is_hash(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return !text[len] && (len == 40 || len == 64);
}

static const char *packed_ref(const char *dir, const char *ref, struct mel_arena *arena)
{
	struct mel_slice rest = mel_slice_of(read_text(
				 mel_arena_printf(arena, "%s/packed-refs", dir), arena)),
			 line;

	while (mel_slice_next(&rest, '\n', &line)) {
		const char *space = memchr(line.ptr, ' ', line.len);

		if (space &&
		    mel_slice_eq_text(mel_slice_make(space + 1,
						     line.len - 1 - (size_t)(space - line.ptr)),
				      ref))
			return mel_arena_strndup(arena, line.ptr, (size_t)(space - line.ptr));
	}
	return "";
}

/* The commit of HEAD by reading files; NULL if it has none. */
static const char *head_commit(const char *top, struct mel_arena *arena)
{
	const char *dir = git_dir(top, arena), *common = common_dir(dir, arena);
	const char *line =
		first_line(read_text(mel_arena_printf(arena, "%s/HEAD", dir), arena), arena);

	if (mel_text_starts(line, "ref: ")) {
		const char *ref = line + strlen("ref: ");

		if (strstr(ref, ".."))
			return NULL;
		line = first_line(
			read_text(mel_arena_printf(arena, "%s/%s", common, ref), arena), arena);
		if (!line[0])
			line = packed_ref(common, ref, arena);
	}
	return is_hash(line) ? line : NULL;
}

/* The environment without what would point git to another repository. */
static char **git_environment(void)
{
	MEL_VEC(char *) env = { NULL, 0, 0 };

	for (char **at = environ; *at; at++)
		if (!mel_text_starts(*at, "GIT_"))
			mel_vec_push(&env, *at);
	mel_vec_push(&env, NULL);
	return env.at;
}

static pid_t spawn_git(const char *const *argv, int out_fd)
{
	MEL_AUTO_FREE char **env = git_environment();
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	/* argv of posix_spawnp(3) is not changed, though its type cannot say so */
	if (posix_spawnp(&pid, "git", &actions, NULL, (char *const *)(uintptr_t)argv, env) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Output of git with the arguments; false if it is missing or failed. */
static bool run_git(const char *const *argv, struct mel_buf *out)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int fd[2], status = -1, rc;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return false;
	pid = spawn_git(argv, fd[1]);
	close(fd[1]);
	rc = pid < 0 ? -1 : mel_read_all(fd[0], "output of git", out, &err);
	close(fd[0]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*
 * One call answers commit and state of the file. No file system monitor: that is a program the
 * repository's own configuration could name.
 */
static bool ask_status(struct mel_git *git, struct mel_arena *arena)
{
	const char *const argv[] = { "git",       "--no-optional-locks",
				     "-c",        "core.fsmonitor=false",
				     "-C",        git->top,
				     "status",    "--porcelain=v2",
				     "--branch",  "--untracked-files=all",
				     "--ignored", "--",
				     git->path,   NULL };
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(OUTPUT_MAX);
	struct mel_slice rest, line;
	const char *oid = NULL;
	bool is_dirty = false;

	if (!run_git(argv, &out))
		return false;
	rest = mel_buf_slice(&out);
	while (mel_slice_next(&rest, '\n', &line)) {
		static const char key[] = "# branch.oid ";

		if (mel_slice_starts(line, key))
			oid = mel_arena_strndup(arena, line.ptr + strlen(key),
						line.len - strlen(key));
		else if (line.len > 0 && line.ptr[0] != '#')
			is_dirty = true;
	}
	if (!oid || !is_hash(oid))
		return false;
	git->commit = is_dirty ? mel_arena_printf(arena, "%s-dirty", oid) : oid;
	return true;
}

void mel_git_read_commit(struct mel_git *git, struct mel_arena *arena)
{
	if (!ask_status(git, arena))
		git->commit = head_commit(git->top, arena);
}

bool mel_git_time(const struct mel_git *git, int64_t *seconds)
{
	const char *const argv[] = { "git",          "-C", git->top,  "log", "-1",
				     "--format=%ct", "--", git->path, NULL };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(OUTPUT_MAX);

	return run_git(argv, &out) &&
	       mel_slice_i64(mel_slice_trim(mel_buf_slice(&out), "\n"), seconds, &err) == 0;
}

/* The value of url in [remote "origin"], as written. */
static const char *origin(const char *config, struct mel_arena *arena)
{
	struct mel_slice rest = mel_slice_of(config), line;
	bool is_origin = false;

	while (mel_slice_next(&rest, '\n', &line)) {
		line = mel_slice_trim(line, " \t\r");
		if (mel_slice_starts(line, "[")) {
			is_origin = mel_slice_eq_text(line, "[remote \"origin\"]");
		} else if (is_origin && mel_slice_starts(line, "url")) {
			struct mel_slice value = mel_slice_trim(
				mel_slice_make(line.ptr + 3, line.len - 3), " \t");

			if (mel_slice_starts(value, "="))
				return mel_arena_slice(
					arena, mel_slice_trim(mel_slice_make(value.ptr + 1,
									     value.len - 1),
							      " \t\""));
		}
	}
	return NULL;
}

void mel_git_read_url(struct mel_git *git, struct mel_arena *arena)
{
	const char *common = common_dir(git_dir(git->top, arena), arena);
	const char *remote =
		origin(read_text(mel_arena_printf(arena, "%s/config", common), arena), arena);

	git->url = remote ? mel_git_public_url(remote, arena) : NULL;
}

const char *mel_git_public_url(const char *remote, struct mel_arena *arena)
{
	static const char *const scheme[] = { "https://", "http://", "git://", "ssh://",
					      "git+ssh://" };
	const char *rest = NULL, *at, *path;
	size_t len, host_len, path_len;

	for (size_t i = 0; i < MEL_COUNTOF(scheme) && !rest; i++)
		if (mel_text_starts(remote, scheme[i]))
			rest = remote + strlen(scheme[i]);
	if (!rest && (strstr(remote, "://") || remote[0] == '/' || remote[0] == '.'))
		return NULL;

	bool is_scp = !rest;
	rest = rest ? rest : remote;
	len = strcspn(rest, is_scp ? ":" : "/");
	if (!rest[len] || len == 0 || memchr(rest, '/', len))
		return NULL;
	path = rest + len + 1;
	at = memrchr(rest, '@', len);
	at = at ? at + 1 : rest;
	host_len = (size_t)(rest + len - at);
	/* the port of ssh is not one of https */
	if (mel_text_starts(remote, "ssh") || mel_text_starts(remote, "git+ssh"))
		host_len = strcspn(at, ":/");
	path_len = strlen(path);
	while (path_len > 0 && path[path_len - 1] == '/')
		path_len--;
	if (path_len > 4 && memcmp(path + path_len - 4, ".git", 4) == 0)
		path_len -= 4;
	return mel_arena_printf(arena, "%s://%.*s/%.*s",
				mel_text_starts(remote, "http://") ? "http" : "https",
				(int)host_len, at, (int)path_len, path);
}
