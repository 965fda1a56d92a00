/*
 * command.c - commands that an input may run (command.h).
 */
#include "guest/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20 };

static const struct {
	const char *name, *verb; /* verb NULL: any arguments */
} harmless[] = {
	{ "basename", NULL }, { "cat", NULL },           { "date", NULL },
	{ "dirname", NULL },  { "echo", NULL },          { "git", "describe" },
	{ "git", "log" },     { "git", "rev-list" },     { "git", "rev-parse" },
	{ "git", "show" },    { "git", "symbolic-ref" }, { "git", "tag" },
	{ "go", "env" },      { "go", "version" },       { "nproc", NULL },
	{ "pwd", NULL },      { "uname", NULL },
};

bool mel_helper_is_harmless(const struct mel_helper_list *words)
{
	size_t verb = 1;

	if (words->len == 0)
		return false;
	if (words->len > 3 && strcmp(words->item[1], "-C") == 0)
		verb = 3;
	for (size_t i = 0; i < MEL_COUNT(harmless); i++)
		if (strcmp(words->item[0], harmless[i].name) == 0 &&
		    (!harmless[i].verb ||
		     (words->len > verb && strcmp(words->item[verb], harmless[i].verb) == 0)))
			return true;
	return false;
}

/* All that can be read from fd, without line feeds at the end. */
static char *read_all(int fd)
{
	size_t len = 0, cap = 256;
	char *text = mel_helper_grow(NULL, cap);
	ssize_t got;

	while (len < OUTPUT_MAX) {
		if (len + 2 > cap)
			text = mel_helper_grow(text, cap *= 2);
		got = read(fd, text + len, cap - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return text;
}

static _Noreturn void become(const struct mel_helper_list *words, int out, bool is_silent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		if (is_silent)
			dup2(null, STDERR_FILENO);
	}
	dup2(out, STDOUT_FILENO);
	execvp(words->item[0], words->item);
	mel_helper_fail_errno("cannot run '%s'", words->item[0]);
	_exit(127);
}

char *mel_helper_output(const struct mel_helper_list *words, bool is_silent)
{
	int ends[2], status = 0;
	char *text;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		mel_helper_fail_errno("cannot run '%s'", words->item[0]);
		return mel_helper_copy("", 0);
	}
	if (pid == 0)
		become(words, ends[1], is_silent);
	close(ends[1]);
	text = read_all(ends[0]);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0 && !is_silent)
		mel_helper_fail(
			"warning: '%s' in an input failed, its output is put in as it is",
			words->item[0]);
	return text;
}
