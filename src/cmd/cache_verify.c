/* "melange cache verify": is what the cache holds what it should be? */
#include "cache/verify.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/units.h"
#include "cmd/cache.h"
#include "cmd/help.h"
#include "codec/json.h"

struct verify_flags {
	const char *cache_dir;
	struct mel_opt_list area, class;
	bool repair, strict, foreign, force, json;
};

#define VERIFY(field) .offset = offsetof(struct verify_flags, field)

static const struct mel_opt verify_opt[] = {
	MEL_CACHE_DIR_ROW(struct verify_flags, cache_dir),
	MEL_CACHE_CHOICE_ROWS(struct verify_flags),
	{ .name = "strict",
	  .type = MEL_OPT_BOOL,
	  VERIFY(strict),
	  .help = "foreign and changed files are bad, too" },
	{ .name = "foreign",
	  .type = MEL_OPT_BOOL,
	  VERIFY(foreign),
	  .help = "list foreign files, not only their number" },
	{ .name = "repair",
	  .type = MEL_OPT_BOOL,
	  VERIFY(repair),
	  .help = "take out what is bad, so that it is fetched again" },
	{ .name = "force",
	  .type = MEL_OPT_BOOL,
	  VERIFY(force),
	  .help = "with --repair: do not wait for builds that use the cache" },
	{ .name = "json", .type = MEL_OPT_BOOL, VERIFY(json), .help = "as a JSON object" },
};

static bool is_shown(const struct mel_cache_finding *finding, const struct verify_flags *f)
{
	return finding->fault != MEL_CACHE_FOREIGN || f->foreign || f->strict;
}

static void write_json(struct mel_buf *out, const struct mel_cache_verified *done,
		       const struct verify_flags *f)
{
	struct mel_json json = MEL_JSON_INIT(out);

	mel_json_begin(&json, '{');
	mel_json_key(&json, "by-name");
	mel_json_int(&json, (int64_t)done->by_name);
	mel_json_key(&json, "by-manifest");
	mel_json_int(&json, (int64_t)done->by_manifest);
	mel_json_key(&json, "bytes");
	mel_json_int(&json, (int64_t)done->bytes);
	for (int i = 0; i < MEL_CACHE_FAULT_COUNT; i++) {
		mel_json_key(&json, mel_cache_fault_name((enum mel_cache_fault)i));
		mel_json_int(&json, (int64_t)done->count[i]);
	}
	mel_json_key(&json, "findings");
	mel_json_begin(&json, '[');
	for (size_t i = 0; i < done->finding.len; i++) {
		const struct mel_cache_finding *finding = &done->finding.at[i];

		if (!is_shown(finding, f))
			continue;
		mel_json_begin(&json, '{');
		mel_json_pair(&json, "fault", mel_cache_fault_name(finding->fault));
		mel_json_pair(&json, "path", finding->path);
		mel_json_pair(&json, "why", finding->why);
		mel_json_end(&json, '}');
	}
	mel_json_end(&json, ']');
	mel_json_end(&json, '}');
	mel_buf_add_char(out, '\n');
}

static void write_text(struct mel_buf *out, const struct mel_cache_verified *done,
		       const struct verify_flags *f)
{
	for (size_t i = 0; i < done->finding.len; i++) {
		const struct mel_cache_finding *finding = &done->finding.at[i];

		if (!is_shown(finding, f))
			continue;
		mel_buf_printf(out, "%-8s ", mel_cache_fault_name(finding->fault));
		mel_cache_write_name(out, finding->path);
		mel_buf_add_text(out, ": ");
		mel_cache_write_name(out, finding->why);
		mel_buf_add_char(out, '\n');
	}
	mel_buf_printf(out, "checked %llu file(s) by name, %llu by manifest (",
		       (unsigned long long)done->by_name,
		       (unsigned long long)done->by_manifest);
	mel_size_write(out, done->bytes);
	mel_buf_printf(out, "); %llu foreign, %llu changed",
		       (unsigned long long)done->count[MEL_CACHE_FOREIGN],
		       (unsigned long long)done->count[MEL_CACHE_CHANGED]);
	for (int i = MEL_CACHE_CHANGED + 1; i < MEL_CACHE_FAULT_COUNT; i++)
		if (done->count[i])
			mel_buf_printf(out, ", %llu %s", (unsigned long long)done->count[i],
				       mel_cache_fault_name((enum mel_cache_fault)i));
	mel_buf_add_char(out, '\n');
}

static uint64_t count_bad(const struct mel_cache_verified *done, bool strict)
{
	uint64_t bad = 0;

	for (int i = 0; i < MEL_CACHE_FAULT_COUNT; i++)
		if (strict || mel_cache_fault_is_bad((enum mel_cache_fault)i))
			bad += done->count[i];
	return bad;
}

static int repair(const struct mel_cache_verify *what, const struct mel_cache_verified *done,
		  struct mel_err **err)
{
	for (size_t i = 0; i < done->finding.len; i++) {
		const struct mel_cache_finding *finding = &done->finding.at[i];

		if (!mel_cache_fault_is_bad(finding->fault) ||
		    finding->fault == MEL_CACHE_UNKNOWN)
			continue;
		if (mel_cache_set_aside(what, finding, err) < 0)
			return -1;
		mel_log(MEL_LOG_INFO, "%s '%s'",
			finding->fault == MEL_CACHE_SETUID ? "took the privilege bits off"
							   : "took out",
			finding->path);
	}
	return 0;
}

static int run_verify(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		      struct mel_err **err)
{
	const struct verify_flags *f = flags;
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_cache_verified done MEL_AUTO_CACHE_VERIFIED = { .bytes = 0 };
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_cache_verify what = { .state = &place.state };
	uint64_t bad;

	(void)given;
	if (mel_cache_choose(&what.choice, &f->area, &f->class, err) < 0 ||
	    mel_cache_site_open(&place, ctx, f->cache_dir,
				f->repair ? MEL_CACHE_TO_CHANGE : MEL_CACHE_TO_READ, err) < 0 ||
	    (f->repair && mel_cache_site_lock(&place, !f->force, err) < 0))
		return -1;
	what.dirfd = place.dirfd;
	if (mel_cache_verify(&what, &done, err) < 0)
		return -1;
	(f->json ? write_json : write_text)(&out, &done, f);
	if (mel_stdout_write(&out, err) < 0 || (f->repair && repair(&what, &done, err) < 0))
		return -1;
	bad = count_bad(&done, f->strict);
	return bad ? mel_err_set(err, MEL_ERR_STEP, "%llu file(s) of the cache are bad%s",
				 (unsigned long long)bad,
				 f->repair ? "; they were taken out" : "")
		   : 0;
}

const struct mel_cmd mel_cmd_cache_verify = {
	.name = "verify",
	.full = "cache verify",
	.summary = "Check what is in the cache",
	.about = "Files whose names say what is in them (sources, npm content, Go modules, git "
		 "objects) are hashed,\nothers compared with what commits, downloads and "
		 "imports recorded. Exit status 1: something is bad.\n",
	.opt = verify_opt,
	.opt_len = MEL_COUNTOF(verify_opt),
	.flags_size = sizeof(struct verify_flags),
	.run = run_verify,
};
