/* Checks of what a cache directory holds: see verify.h. */
#include "cache/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "cache/check.h"
#include "cache/lines.h"
#include "cache/manifest.h"
#include "cache/walk.h"

enum { MANIFEST_MAX_BYTES = 256 * 1024 * 1024 };

struct verifier {
	const struct mel_cache_verify *what;
	struct mel_cache_verified *out;
	struct mel_arena arena;
	struct mel_map manifest; /* path -> struct mel_cache_manifest_line */
};

bool mel_cache_fault_is_bad(enum mel_cache_fault fault)
{
	return fault != MEL_CACHE_FOREIGN && fault != MEL_CACHE_CHANGED;
}

const char *mel_cache_fault_name(enum mel_cache_fault fault)
{
	static const char *const name[] = {
		[MEL_CACHE_FOREIGN] = "foreign", [MEL_CACHE_CHANGED] = "changed",
		[MEL_CACHE_DAMAGED] = "damaged", [MEL_CACHE_SPECIAL] = "special",
		[MEL_CACHE_ESCAPES] = "escapes", [MEL_CACHE_SETUID] = "setuid",
		[MEL_CACHE_UNKNOWN] = "unknown",
	};

	return name[fault];
}

static void find(struct verifier *v, enum mel_cache_fault fault, const char *path,
		 const char *why)
{
	struct mel_cache_verified *out = v->out;

	out->count[fault]++;
	mel_vec_push(&out->finding,
		     (struct mel_cache_finding){ fault, mel_arena_strdup(&out->arena, path),
						 mel_arena_strdup(&out->arena, why) });
}

static int load_manifest(struct verifier *v, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_slice rest, line;

	if (v->what->state->dirfd < 0)
		return 0;
	if (mel_cache_lines_read(v->what->state, MEL_CACHE_MANIFEST, MANIFEST_MAX_BYTES, &text,
				 err) < 0)
		return -1;
	rest = mel_buf_slice(&text);
	while (mel_slice_next(&rest, '\n', &line)) {
		struct mel_cache_manifest_line *own = mel_arena_alloc(&v->arena, sizeof(*own));

		if (!mel_cache_manifest_parse(own, line))
			continue;
		mel_map_set(&v->manifest, mel_arena_slice(&v->arena, own->path), own);
	}
	return 0;
}

static void check_manifest(struct verifier *v, const char *path, int fd)
{
	const struct mel_cache_manifest_line *line = mel_map_get(&v->manifest, path);
	unsigned char sha256[MEL_SHA256_BYTES];
	uint64_t size;

	if (!line) {
		find(v, MEL_CACHE_FOREIGN, path, "nothing says what it should be");
		return;
	}
	if (mel_cache_hash(fd, sha256, &size) < 0) {
		find(v, MEL_CACHE_UNKNOWN, path, strerror(errno));
		return;
	}
	v->out->by_manifest++;
	v->out->bytes += size;
	if (size != line->size || memcmp(sha256, line->sha256, sizeof(sha256)) != 0)
		find(v, MEL_CACHE_CHANGED, path, "not as it was when it was added");
}

static int check_file(struct verifier *v, const struct mel_cache_entry *entry)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	MEL_AUTO_CLOSE int fd = mel_cache_open_file(entry->dirfd, entry->name);
	char why[MEL_CACHE_WHY_BYTES] = "";
	int r;

	if (fd < 0) {
		if (errno != ENOENT)
			find(v, MEL_CACHE_UNKNOWN, entry->path, strerror(errno));
		return 0;
	}
	if (entry->st->st_mode & (S_ISUID | S_ISGID))
		find(v, MEL_CACHE_SETUID, entry->path, "has a privilege bit");
	if (!mel_cache_kind_is_addressed(mel_cache_kind_of(entry->path))) {
		check_manifest(v, entry->path, fd);
		return 0;
	}
	r = mel_cache_check(v->what->dirfd, entry->path, fd, why, &err);
	v->out->by_name++;
	v->out->bytes += (uint64_t)entry->st->st_size;
	if (r != 0)
		find(v, r > 0 ? MEL_CACHE_DAMAGED : MEL_CACHE_UNKNOWN, entry->path,
		     r > 0 ? why : err->text);
	return 0;
}

static void check_link(struct verifier *v, const struct mel_cache_entry *entry)
{
	char target[MEL_CACHE_PATH_MAX_BYTES + 1];
	ssize_t n = readlinkat(entry->dirfd, entry->name, target, sizeof(target) - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	if (!mel_cache_link_stays(entry->path, target))
		find(v, MEL_CACHE_ESCAPES, entry->path, "is a link that leaves its area");
}

static int check_entry(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	struct verifier *v = user;
	bool is_dir = S_ISDIR(entry->st->st_mode);

	(void)err;
	if (!mel_cache_is_chosen(&v->what->choice, entry->path))
		return is_dir && !mel_cache_area_of(entry->path)->is_host;
	if (S_ISLNK(entry->st->st_mode))
		check_link(v, entry);
	else if (!is_dir && !S_ISREG(entry->st->st_mode))
		find(v, MEL_CACHE_SPECIAL, entry->path, "is a device, FIFO or socket");
	else if (!is_dir && mel_cache_kind_of(entry->path) != MEL_CACHE_VOLATILE)
		return check_file(v, entry);
	return 0;
}

static void check_odd(void *user, const char *path, enum mel_cache_odd odd)
{
	find(user, MEL_CACHE_UNKNOWN, path,
	     odd == MEL_CACHE_TOO_DEEP ? "lies too deep" : "cannot be read");
}

int mel_cache_verify(const struct mel_cache_verify *what, struct mel_cache_verified *out,
		     struct mel_err **err)
{
	struct verifier v = { .what = what, .out = out };
	const struct mel_cache_walk walk = { check_entry, check_odd, &v };
	int r = load_manifest(&v, err);

	if (r == 0)
		r = mel_cache_walk(what->dirfd, &walk, err);
	mel_map_clear(&v.manifest);
	mel_arena_clear(&v.arena);
	return r;
}

void mel_cache_verified_clear(struct mel_cache_verified *out)
{
	mel_vec_clear(&out->finding);
	mel_arena_clear(&out->arena);
}

static int drop_bits(int dirfd, const char *path, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = mel_cache_open_file(dirfd, path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || fchmod(fd, st.st_mode & 0777) < 0)
		return mel_err_sys(err, "cannot change the mode of '%s'", path);
	return 0;
}

/* Into bad/ of the state, under a name of its own; false: it could not be. */
static bool move_to_state(const struct mel_cache_state *state, int folder_fd, const char *name)
{
	MEL_AUTO_CLOSE int bad = -1;
	char to[64];

	if (state->dirfd < 0 || (mkdirat(state->dirfd, "bad", 0700) < 0 && errno != EEXIST))
		return false;
	bad = mel_openat(state->dirfd, "bad", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	for (unsigned i = 0; bad >= 0 && i < 10000; i++) {
		snprintf(to, sizeof(to), "%ld.%u", (long)getpid(), i);
		if (renameat2(folder_fd, name, bad, to, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

int mel_cache_set_aside(const struct mel_cache_verify *what,
			const struct mel_cache_finding *finding, struct mel_err **err)
{
	const char *slash = strrchr(finding->path, '/');
	const char *name = slash ? slash + 1 : finding->path;
	MEL_AUTO_FREE char *folder =
		mel_strndup(finding->path, slash ? (size_t)(slash - finding->path) : 0);
	MEL_AUTO_CLOSE int fd = mel_openat_beneath(what->dirfd, folder[0] ? folder : ".",
						   O_RDONLY | O_DIRECTORY, 0);

	if (finding->fault == MEL_CACHE_SETUID)
		return drop_bits(what->dirfd, finding->path, err);
	if (fd < 0)
		return mel_err_sys(err, "cannot open the folder of '%s'", finding->path);
	if (finding->fault == MEL_CACHE_DAMAGED && move_to_state(what->state, fd, name))
		return 0;
	if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
		return mel_err_sys(err, "cannot remove '%s'", finding->path);
	return 0;
}
