/* The journal of a merge: see journal.h. */
#include "cache/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "codec/digest.h"

#define HEAD "melange cache commit 1"

enum { JOURNAL_MAX_BYTES = 4096, RANDOM_BYTES = 8 };

static bool set_temp(struct mel_cache_journal *out, struct mel_slice value)
{
	unsigned char random[RANDOM_BYTES];
	size_t prefix = strlen(MEL_CACHE_TEMP_PREFIX);

	/* The name is put in paths: nothing but what journal_begin writes will do. */
	if (!mel_slice_starts(value, MEL_CACHE_TEMP_PREFIX) ||
	    !mel_unhex(random, RANDOM_BYTES,
		       mel_slice_make(value.ptr + prefix, value.len - prefix)))
		return false;
	memcpy(out->temp, value.ptr, value.len);
	out->temp[value.len] = '\0';
	return true;
}

static bool set_choice(bool *out, struct mel_slice value, const char *no, const char *yes)
{
	*out = mel_slice_eq_text(value, yes);
	return *out || mel_slice_eq_text(value, no);
}

static bool set_policy(struct mel_cache_journal *out, struct mel_slice value)
{
	return set_choice(&out->verified_only, value, "all", "verified");
}

static bool set_deletes(struct mel_cache_journal *out, struct mel_slice value)
{
	return set_choice(&out->apply_deletes, value, "no", "yes");
}

static bool set_since(struct mel_cache_journal *out, struct mel_slice value)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice seconds;
	int64_t s;
	uint64_t ns;

	if (!mel_slice_next(&value, '.', &seconds) || !value.ptr || value.len != 9 ||
	    mel_slice_i64(seconds, &s, &err) < 0 || mel_slice_u64(value, &ns, &err) < 0)
		return false;
	out->since = (struct timespec){ .tv_sec = s, .tv_nsec = (long)ns };
	return true;
}

static const struct {
	const char *key;
	bool (*set)(struct mel_cache_journal *out, struct mel_slice value);
} keys[] = {
	{ "temp ", set_temp },
	{ "policy ", set_policy },
	{ "deletes ", set_deletes },
	{ "since ", set_since },
};

int mel_cache_journal_parse(struct mel_cache_journal *out, struct mel_slice text,
			    struct mel_err **err)
{
	struct mel_slice line;

	*out = (struct mel_cache_journal){ 0 };
	if (!mel_slice_next(&text, '\n', &line) || !mel_slice_eq_text(line, HEAD))
		return mel_err_set(err, MEL_ERR_INPUT, "this is no journal that begins '%s'",
				   HEAD);
	for (size_t i = 0; i < MEL_COUNTOF(keys); i++) {
		size_t len = strlen(keys[i].key);

		if (!mel_slice_next(&text, '\n', &line) ||
		    !mel_slice_starts(line, keys[i].key) ||
		    !keys[i].set(out, mel_slice_make(line.ptr + len, line.len - len)))
			return mel_err_set(err, MEL_ERR_INPUT,
					   "journal: expected '%s' and a value", keys[i].key);
	}
	if (!text.ptr || text.len)
		return mel_err_set(err, MEL_ERR_INPUT, "journal: expected its end after '%s'",
				   keys[MEL_COUNTOF(keys) - 1].key);
	return 0;
}

int mel_cache_journal_read(struct mel_cache_journal *out, int dirfd, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(dirfd, MEL_CACHE_JOURNAL, O_RDONLY | O_NONBLOCK, 0);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(JOURNAL_MAX_BYTES);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s'", MEL_CACHE_JOURNAL);
	if (mel_read_all(fd, MEL_CACHE_JOURNAL, &text, err) < 0 ||
	    mel_cache_journal_parse(out, mel_buf_slice(&text), err) < 0)
		return -1;
	return 1;
}

int mel_cache_journal_begin(struct mel_cache_journal *journal, int dirfd, struct mel_err **err)
{
	struct mel_publish pub MEL_AUTO_PUBLISH = MEL_PUBLISH_INIT;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(JOURNAL_MAX_BYTES);
	unsigned char random[RANDOM_BYTES];
	char hex[2 * RANDOM_BYTES + 1];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return mel_err_sys(err, "cannot get random bytes");
	mel_hex(hex, random, sizeof(random));
	snprintf(journal->temp, sizeof(journal->temp), MEL_CACHE_TEMP_PREFIX "%s", hex);
	mel_buf_printf(&text, HEAD "\ntemp %s\npolicy %s\ndeletes %s\nsince %lld.%09ld\n",
		       journal->temp, journal->verified_only ? "verified" : "all",
		       journal->apply_deletes ? "yes" : "no", (long long)journal->since.tv_sec,
		       journal->since.tv_nsec);
	if (mel_publish_open(&pub, dirfd, MEL_CACHE_JOURNAL, 0600, err) < 0)
		return -1;
	if (mel_write_full(pub.fd, text.ptr, text.len) < 0)
		return mel_err_sys(err, "cannot write '%s'", MEL_CACHE_JOURNAL);
	return mel_publish_commit(&pub, err);
}

int mel_cache_journal_end(int dirfd, struct mel_err **err)
{
	if (unlinkat(dirfd, MEL_CACHE_JOURNAL, 0) < 0 && errno != ENOENT)
		return mel_err_sys(err, "cannot remove '%s'", MEL_CACHE_JOURNAL);
	return 0;
}
