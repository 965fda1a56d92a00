/*
 * melange-fetch takes rights away from itself before it reads the first byte of a network: the
 * user id if it is root's, new privileges, files (Landlock: system files may be read, nothing
 * be written), and system calls that no download needs (seccomp). What a kernel does not have
 * is left out. Sources: landlock(7), seccomp(2), prctl(2), setresuid(2).
 */
#pragma once

/* more: further files or folders that may be read, NULL entries are none. 0, or -1 (errno) when
 * a right that could be dropped was not. */
int mel_fetch_confine(const char *const *more, unsigned more_len);
