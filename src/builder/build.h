/*
 * The sequence of a build: build file -> plan -> guest -> steps -> packages -> index. It is the
 * only caller of the sandbox. Everything it knows of the outside (arguments, environment,
 * clock, working directory) is in struct mel_build_opts, read once by the command.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cache/cache.h"

struct mel_progress;
struct mel_report;

/* Texts of a list flag, in the order given; borrowed. */
struct mel_build_texts {
	const char *const *at;
	size_t len;
};

enum mel_root_kind {
	MEL_ROOT_AUTO, /* by the build file: apk when it names packages, else host */
	MEL_ROOT_HOST,
	MEL_ROOT_DIR, /* root_path */
	MEL_ROOT_APK,
};

enum mel_network { MEL_NETWORK_AUTO, MEL_NETWORK_NONE, MEL_NETWORK_HOST };

/* All texts are borrowed and may be NULL for "not given" unless said. */
struct mel_build_opts {
	const char *file; /* build file as typed; never NULL */
	const char *arch; /* apk name of the architecture to build; never NULL */

	/* inputs */
	const char *source_dir; /* never NULL: the default is decided by the command */
	bool source_dir_given;
	bool empty_workspace;
	const char *workspace_dir;
	struct mel_build_texts pipeline_dir; /* --pipeline-dir first, then --pipeline-dirs */
	struct mel_build_texts env_file;
	struct mel_build_texts vars_file; /* at most one today */
	struct mel_build_texts build_option;
	struct mel_build_texts package_append;
	struct mel_build_texts repository_append, keyring_append;
	const char *libc_flavor; /* never NULL, "gnu" */
	const char *cpu, *cpumodel, *memory, *disk;
	int64_t epoch;           /* SOURCE_DATE_EPOCH, seconds */
	const char *commit;      /* of the build file; never NULL, "unknown" when not known */
	const char *repo_url;    /* never NULL */
	const char *config_path; /* of the build file as recorded: below the repository root if
				    there is one, else as typed */

	/* guest */
	enum mel_root_kind root;
	const char *root_path; /* MEL_ROOT_DIR */
	enum mel_network network;
	struct mel_build_texts bind_ro;
	const char *cache_dir; /* never NULL; "" is no cache */
	bool cache_dir_given;
	const char *
		apk_cache_dir; /* of packages for guests, which no root here uses; NULL: none */
	struct mel_build_texts cache_source; /* where sources are looked for, in this order */
	bool offline;                        /* nothing is downloaded */
	struct mel_build_texts
		net_env; /* variables of the caller for downloads, "NAME=value" */
	enum mel_cache_mode cache_mode;
	uint64_t cache_upper_bytes; /* most that a build may write into its layer; 0: default */
	bool cache_upper_in_memory; /* the layer is in memory */
	bool cache_keep_on_failure; /* the layer of a failed build stays */
	bool cache_verified_only;   /* only what its name proves is merged */
	bool cache_apply_deletes;   /* what the build deleted goes */
	bool cache_exclusive;       /* no other build uses the cache meanwhile */
	int64_t now;                /* seconds since 1970, for records of the cache */
	bool no_cache_env;          /* no variables for tools' caches but the recorded ones */
	bool cache_compiled;        /* compiled output goes to the cache too */
	const char *temp_dir;       /* TMPDIR or /tmp */
	bool temp_dir_is_default;   /* nobody asked for it: system folders may lie in memory */
	const char *home;           /* of the caller; NULL: not known */
	const char *state_home;     /* folder for what outlives builds; NULL: there is none */

	/* output */
	const char *out_dir;     /* never NULL */
	const char *signing_key; /* NULL or "": unsigned */
	bool generate_index;
	const char *name_space; /* never NULL, may be "" */
	const char *license;    /* never NULL */
	bool strip_origin_name;
	bool create_build_log;

	/* behaviour */
	bool debug;
	bool keep;          /* --rm=false */
	int64_t timeout_ns; /* --timeout, 0: that of the build file */

	const char *tool_version; /* never NULL */
	int signal_fd; /* signalfd with INT, TERM, HUP blocked by the command; -1: none */
	/* Called once the package and version are known, with the path of the log file to copy
	 * records to; NULL: no log file. Borrowed path. */
	void (*open_log)(void *user, const char *path);
	void *user;
};

/*
 * Build all packages of one build file for one architecture. progress receives what happens,
 * report is filled for the summary (also on failure, as far as it got). Errors: any kind; the
 * exit status follows from it. Nothing is left behind but results and, with keep, the
 * workspace, whose path is logged.
 */
int mel_build_run(const struct mel_build_opts *opts, const struct mel_progress *progress,
		  struct mel_report *report, struct mel_err **err);
