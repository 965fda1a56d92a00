/* "melange keygen": a new RSA key for packages and indexes. */
#include "cmd/cmd.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/slice.h"
#include "codec/rsa.h"

#define DEFAULT_NAME "melange.rsa"

struct flags {
	uint64_t key_size;
	bool force;
};

static const struct mel_opt opt[] = {
	{ .name = "key-size",
	  .type = MEL_OPT_UINT,
	  .offset = offsetof(struct flags, key_size),
	  .word = "BITS",
	  .preset = "4096",
	  .help = "length of the key, 2048 or more" },
	{ .name = "force",
	  .type = MEL_OPT_BOOL,
	  .offset = offsetof(struct flags, force),
	  .help = "replace files that exist" },
};

static int check(const struct flags *flags, struct mel_err **err)
{
	if (flags->key_size < MEL_KEY_MIN_BITS)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "key size is less than %d bits, this is not considered safe",
				   MEL_KEY_MIN_BITS);
	if (flags->key_size > MEL_KEY_MAX_BITS)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "key size is more than %d bits, this would take hours",
				   MEL_KEY_MAX_BITS);
	return 0;
}

/* A new key takes seconds: what stands in its way is said before. */
static int check_place(const char *name, bool is_forced, struct mel_err **err)
{
	MEL_AUTO_FREE char *public = mel_asprintf("%s.pub", name);
	const char *const path[] = { name, public };

	for (size_t i = 0; !is_forced && i < MEL_COUNTOF(path); i++)
		if (access(path[i], F_OK) == 0)
			return mel_err_set(err, MEL_ERR_OUTPUT,
					   "'%s' exists and is kept; --force replaces it",
					   path[i]);
	return 0;
}

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	const struct flags *f = flags;
	const char *name = given->arg.len > 0 ? given->arg.at[0] : DEFAULT_NAME;
	struct mel_key *key MEL_AUTO_KEY = NULL;

	(void)ctx;
	if (!name[0])
		return mel_err_set(err, MEL_ERR_USAGE, "the name of the key is empty");
	if (check(f, err) < 0 || check_place(name, f->force, err) < 0)
		return -1;
	if (!mel_text_ends(name, ".rsa"))
		mel_log(MEL_LOG_WARN,
			"'%s' does not end in .rsa: apk finds the public key of "
			"an index by such names only",
			name);
	mel_log(MEL_LOG_INFO, "generating keypair with a %u bit prime, please wait...",
		(unsigned)f->key_size);
	if (mel_key_generate(&key, (unsigned)f->key_size, err) < 0)
		return -1;
	if (mel_keygen_write(key, name, f->force, err) < 0)
		return mel_err_as(err, MEL_ERR_OUTPUT);
	mel_log(MEL_LOG_INFO, "wrote private key to %s", name);
	mel_log(MEL_LOG_INFO, "wrote public key to %s.pub", name);
	return 0;
}

const struct mel_cmd mel_cmd_keygen = {
	.name = "keygen",
	.args = "[NAME]",
	.summary = "Make a key that signs packages",
	.about = "Writes the private key to NAME (" DEFAULT_NAME ") and the public key to "
		 "NAME.pub.\nFiles that exist are kept unless --force is given.\n",
	.opt = opt,
	.opt_len = MEL_COUNTOF(opt),
	.flags_size = sizeof(struct flags),
	.max_args = 1,
	.run = run,
};
