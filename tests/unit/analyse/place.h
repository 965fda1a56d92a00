/* A temporary directory for one test, and quick ways to put files into it. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* fd of the directory; set by place_make, which is meant for .init. */
extern int place_fd;

void place_make(void);
void place_remove(void);

/* Each makes missing directories of path (0755) first and stops the test on failure. */
void put_file(const char *path, mode_t mode, const void *bytes, size_t len);
void put_text(const char *path, mode_t mode, const char *text);
void put_dir(const char *path, mode_t mode);
void put_link(const char *path, const char *target);
/* fd of the directory path in the place; the caller closes it. */
int open_dir(const char *path);
/* Go on as an ordinary user, to whom the place is given first. No effect for other users than
 * root. */
void become_ordinary(void);
