/*
 * helper.c - the table of verbs of the guest's helper (helper.h).
 */
#include "guest/helper.h"

#include <stdio.h>
#include <string.h>

#include "guest/util.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "exec", mel_helper_exec },       { "fetch", mel_helper_fetch },
	{ "open-up", mel_helper_open_up }, { "patch-series", mel_helper_patch_series },
	{ "split", mel_helper_split },     { "strip", mel_helper_strip },
	{ "unpack", mel_helper_unpack },   { "verify", mel_helper_verify },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < MEL_COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!verb) {
		fputs("usage: helper VERB ARGUMENTS\nverbs:", stderr);
		for (size_t i = 0; i < MEL_COUNT(verbs); i++)
			fprintf(stderr, " %s", verbs[i].name);
		fputc('\n', stderr);
		return 2;
	}
	status = verb->run(argc - 2, argv + 2);
	if (fflush(stdout) != 0 && status == 0)
		return mel_helper_fail_errno("melange helper: cannot write to stdout");
	return status;
}
