/*
 * util.c - memory, lists, errors and children of the guest's helper. Knows no verb.
 */
#include "guest/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void mel_helper_free(void *pointer)
{
	void *memory;

	memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}

void mel_helper_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void mel_helper_list_clear(struct mel_helper_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct mel_helper_list){ 0 };
}

void *mel_helper_grow(void *pointer, size_t bytes)
{
	void *memory = realloc(pointer, bytes ? bytes : 1);

	if (!memory) {
		fputs("melange helper: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

char *mel_helper_copy(const char *text, size_t len)
{
	char *copy = mel_helper_grow(NULL, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

static char *format_list(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		fputs("melange helper: out of memory\n", stderr);
		exit(1);
	}
	return text;
}

char *mel_helper_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_list(format, args);
	va_end(args);
	return text;
}

char *mel_helper_join(const char *a, const char *b)
{
	if (a[0] == '\0' || strcmp(a, ".") == 0)
		return mel_helper_copy(b, strlen(b));
	return mel_helper_format("%s/%s", a, b);
}

void mel_helper_list_push(struct mel_helper_list *list, char *text)
{
	if (list->len + 2 > list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->item = mel_helper_grow(list->item, list->cap * sizeof(*list->item));
	}
	list->item[list->len++] = text;
	list->item[list->len] = NULL;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void mel_helper_list_sort(struct mel_helper_list *list)
{
	if (list->len > 1)
		qsort(list->item, list->len, sizeof(*list->item), compare_items);
}

int mel_helper_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

int mel_helper_fail_errno(const char *format, ...)
{
	int saved = errno;
	MEL_HELPER_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_list(format, args);
	va_end(args);
	return mel_helper_fail("%s: %s", text, strerror(saved));
}

int mel_helper_options(int argc, char **argv, const struct mel_helper_option *option,
		       size_t option_len)
{
	int at = 0;

	while (at < argc && strncmp(argv[at], "--", 2) == 0) {
		size_t i = 0;

		if (argv[at][2] == '\0')
			return at + 1;
		while (i < option_len && strcmp(argv[at] + 2, option[i].name) != 0)
			i++;
		if (i == option_len || at + 1 == argc) {
			mel_helper_fail("melange helper: option '%s': %s", argv[at],
					i == option_len ? "unknown" : "its value is missing");
			return -1;
		}
		*option[i].value = argv[at + 1];
		at += 2;
	}
	return at;
}

bool mel_helper_is_number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len < 10 && text[len] == '\0';
}

static _Noreturn void child_main(char *const argv[], const char *stdin_path, int report_fd)
{
	int fd = open(stdin_path ? stdin_path : "/dev/null", O_RDONLY);
	int saved;

	if (fd >= 0 && dup2(fd, STDIN_FILENO) >= 0) {
		if (fd != STDIN_FILENO)
			close(fd);
		execvp(argv[0], argv);
	}
	saved = errno;
	_exit(write(report_fd, &saved, sizeof(saved)) == sizeof(saved) ? 127 : 126);
}

int mel_helper_spawn(char *const argv[], const char *stdin_path)
{
	int report[2], status, error = 0;
	pid_t pid;

	fflush(NULL);
	if (pipe2(report, O_CLOEXEC) < 0)
		return 127;
	pid = fork();
	if (pid == 0)
		child_main(argv, stdin_path, report[1]);
	close(report[1]);
	if (pid < 0 || read(report[0], &error, sizeof(error)) != sizeof(error))
		error = pid < 0 ? errno : 0;
	close(report[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	if (pid < 0 || error) {
		errno = error;
		return 127;
	}
	errno = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int mel_helper_mkdirs(const char *path)
{
	MEL_HELPER_FREE char *copy = mel_helper_copy(path, strlen(path));
	struct stat st;

	for (char *end = copy + strspn(copy, "/"); *end; end++) {
		if (*end != '/')
			continue;
		*end = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return -1;
		*end = '/';
	}
	if (mkdir(copy, 0777) < 0 && errno != EEXIST)
		return -1;
	if (stat(copy, &st) < 0)
		return -1;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode) ? 0 : -1;
}
