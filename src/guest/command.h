/*
 * command.h - the few commands that an input may run as $(COMMAND): those that only say
 * something about the sources or the machine, such as the commit or the date of a build. They
 * are started without a shell.
 */
#pragma once

#include "guest/util.h"

/* For messages. */
#define MEL_HELPER_HARMLESS                                                                    \
	"basename, cat, date, dirname, echo, 'git describe', 'git log', 'git rev-list', "      \
	"'git rev-parse', 'git show', 'git symbolic-ref', 'git tag', 'go env', 'go version', " \
	"nproc, pwd, uname"

/* Is the command, all words of it, one of them? */
bool mel_helper_is_harmless(const struct mel_helper_list *words);
/*
 * What the command prints, without line feeds at the end; the caller frees it. It is not heard
 * of errors with is_silent. A failure is a line on stderr, as in a shell the text stands.
 */
char *mel_helper_output(const struct mel_helper_list *words, bool is_silent);
