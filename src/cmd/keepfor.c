/* Sources that build files name: see keepfor.h. */
#include "cmd/keepfor.h"

#include <ctype.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cache/walk.h"

enum { FILE_MAX_BYTES = 16 * 1024 * 1024 };

static void add(struct mel_map *kept, struct mel_arena *arena, const char *kind,
		struct mel_slice hex)
{
	char *name = mel_arena_printf(arena, "%s:%.*s", kind, (int)hex.len, hex.ptr);

	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	mel_map_set(kept, name, name);
}

void mel_keep_for_text(struct mel_map *kept, struct mel_arena *arena, struct mel_slice text)
{
	for (size_t at = 0; at < text.len;) {
		size_t end = at;

		while (end < text.len && isxdigit((unsigned char)text.ptr[end]))
			end++;
		if (end - at == 64)
			add(kept, arena, "sha256", mel_slice_make(text.ptr + at, 64));
		else if (end - at == 128)
			add(kept, arena, "sha512", mel_slice_make(text.ptr + at, 128));
		at = end + 1;
	}
}

struct reader {
	struct mel_map *kept;
	struct mel_arena *arena;
};

static int read_entry(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	const struct reader *reader = user;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);

	if (S_ISDIR(entry->st->st_mode))
		return entry->name[0] == '.';
	if (!S_ISREG(entry->st->st_mode) ||
	    (!mel_text_ends(entry->name, ".yaml") && !mel_text_ends(entry->name, ".yml")))
		return 0;
	if (mel_file_read(entry->dirfd, entry->name, &text, err) < 0)
		return mel_err_wrap(err, "--keep-for: %s", entry->path);
	mel_keep_for_text(reader->kept, reader->arena, mel_buf_slice(&text));
	return 0;
}

int mel_keep_for(struct mel_map *kept, struct mel_arena *arena, const char *dir,
		 struct mel_err **err)
{
	struct reader reader = { kept, arena };
	const struct mel_cache_walk walk = { read_entry, NULL, &reader };
	MEL_AUTO_CLOSE int fd = mel_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0) {
		mel_err_sys(err, "--keep-for: cannot open folder '%s'", dir);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	return mel_cache_walk(fd, &walk, err);
}
