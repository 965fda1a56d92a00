/*
 * What this process is and has: its rights, and the programs that help it to more ids.
 * Source: proc_pid_status(5), newuidmap(1).
 */
#include "sandbox/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *sbx_read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 0;

	while (fd >= 0 && have + 1 < size && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += (size_t)n;
	buf[have] = '\0';
	if (fd >= 0)
		close(fd);
	return buf;
}

static uint64_t status_field(const char *status, const char *name, int base)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, base) : 0;
}

void sbx_self_read(struct sbx_self *out)
{
	char status[8192];

	sbx_read_text("/proc/self/status", status, sizeof(status));
	out->cap_eff = status_field(status, "\nCapEff:\t", 16);
	out->cap_bnd = status_field(status, "\nCapBnd:\t", 16);
	out->no_new_privs = (int)status_field(status, "\nNoNewPrivs:\t", 10);
	out->seccomp = (int)status_field(status, "\nSeccomp:\t", 10);
}

static bool is_safe_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

const char *sbx_helper_path(bool for_gid)
{
	static const char *const dir[] = { "/usr/bin", "/usr/local/bin", "/run/wrappers/bin" };
	static const char *const path[][2] = {
		{ "/usr/bin/newuidmap", "/usr/bin/newgidmap" },
		{ "/usr/local/bin/newuidmap", "/usr/local/bin/newgidmap" },
		{ "/run/wrappers/bin/newuidmap", "/run/wrappers/bin/newgidmap" },
	};

	for (size_t i = 0; i < SBX_COUNTOF(dir); i++)
		if (is_safe_dir(dir[i]) && access(path[i][for_gid], X_OK) == 0)
			return path[i][for_gid];
	return NULL;
}
