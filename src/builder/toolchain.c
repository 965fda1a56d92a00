/* A name for a set of compilers: see toolchain.h. */
#include "builder/toolchain.h"

#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "codec/digest.h"

static const char *const compilers[] = { "as", "c++",   "cc", "clang", "gcc",   "ghc",
					 "go", "javac", "ld", "node",  "rustc", "zig" };
static const char *const folders[] = { "/usr/bin", "/usr/local/bin", "/usr/local/go/bin" };

/* What tells this file from another, links followed; nothing if it is not there. */
static void add_file(struct mel_digest *digest, struct mel_arena *arena, const char *path)
{
	struct stat st;
	const char *text;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	text = mel_arena_printf(arena, "%s %lld %lld.%09ld\n", path, (long long)st.st_size,
				(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	mel_digest_update(digest, text, strlen(text));
}

static void add_folder(struct mel_digest *digest, struct mel_arena *arena, const char *folder)
{
	for (size_t i = 0; i < MEL_COUNTOF(compilers); i++)
		add_file(digest, arena, mel_arena_printf(arena, "%s/%s", folder, compilers[i]));
}

const char *mel_toolchain_name(struct mel_arena *arena, const char *arch, const char *tree,
			       const char *const *bind_ro, size_t bind_ro_len)
{
	MEL_AUTO_DIGEST struct mel_digest digest = { 0 };
	unsigned char sum[MEL_SHA256_BYTES];
	char hex[2 * 8 + 1];

	mel_digest_init(&digest, MEL_SHA256);
	for (size_t i = 0; i < MEL_COUNTOF(folders); i++)
		add_folder(&digest, arena, mel_arena_printf(arena, "%s%s", tree, folders[i]));
	for (size_t i = 0; i < bind_ro_len; i++) {
		add_folder(&digest, arena, bind_ro[i]);
		add_folder(&digest, arena, mel_arena_printf(arena, "%s/bin", bind_ro[i]));
	}
	mel_digest_final(&digest, sum);
	mel_hex(hex, sum, sizeof(hex) / 2);
	return mel_arena_printf(arena, "%s-%s", arch, hex);
}
