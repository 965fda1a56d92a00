/*
 * What it costs to merge the layer of a build into the cache directory: the same change to a
 * cache of one file and to one of 100,000 files. The two have to be about equal.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "cache/commit.h"
#include "tests/bench/bench.h"

enum { FOLDERS = 256, NEW_FILES = 100, FILE_BYTES = 4096 };

struct bench_cache {
	const char *name; /* folder */
	int files;
	struct mel_cache_state state;
	int fd;
	unsigned round;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void put(int dirfd, const char *path, const void *bytes, size_t len)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (mel_file_write(dirfd, path, bytes, len, 0644, &err) < 0)
		fail(path);
}

static int make_folder(int at, const char *path)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int fd;

	if (mel_mkdirs(at, path, 0755, &err) < 0 ||
	    (fd = mel_openat(at, path, O_RDONLY | O_DIRECTORY, 0)) < 0)
		fail(path);
	return fd;
}

static void fill(struct bench_cache *cache, const char *home)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", home, cache->name);
	cache->fd = make_folder(AT_FDCWD, path);
	if (mel_cache_state_open(&cache->state, home, path, &err) < 0)
		fail("state");
	close(make_folder(cache->fd, "pip/http"));
	for (int i = 0; i < FOLDERS && i < cache->files; i++) {
		snprintf(path, sizeof(path), "pip/http/%02x", i);
		close(make_folder(cache->fd, path));
	}
	for (int i = 0; i < cache->files; i++) {
		snprintf(path, sizeof(path), "pip/http/%02x/%06d", i % FOLDERS, i);
		put(cache->fd, path, path, strlen(path));
	}
}

/* New files in a folder that is there, a new folder of files, and one that is replaced. */
static int make_layer(const struct bench_cache *cache)
{
	int fd = make_folder(cache->state.dirfd, "layers/bench/upper/pip/http/00");
	char path[256], bytes[FILE_BYTES] = "content";

	close(make_folder(fd, "../../../uv/archive-v0/new"));
	for (int i = 0; i < NEW_FILES; i++) {
		snprintf(path, sizeof(path),
			 i % 2 ? "new-%u-%d" : "../../../uv/archive-v0/new/%u-%d", cache->round,
			 i);
		put(fd, path, bytes, sizeof(bytes));
	}
	snprintf(path, sizeof(path), "round %u", cache->round);
	put(fd, "000000", path, strlen(path));
	close(fd);
	return make_folder(cache->state.dirfd, "layers/bench");
}

static double commit(void *arg)
{
	struct bench_cache *cache = arg;
	const struct mel_cache_commit_opts opts = { .cache_dirfd = cache->fd,
						    .cache_path = cache->name,
						    .state = &cache->state };
	struct mel_cache_tally tally MEL_AUTO_CACHE_TALLY = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int layer_fd;
	double start, took;

	cache->round++;
	layer_fd = make_layer(cache);
	start = bench_now();
	if (mel_cache_commit(&opts, layer_fd, &tally, &err) < 0)
		fail(err->text);
	took = bench_now() - start;
	close(layer_fd);
	if (mel_cache_tally_total(&tally).added != NEW_FILES)
		fail("not all files were added");
	/* As it was, for the next round. */
	if (mel_rmtree(cache->state.dirfd, "layers/bench", &err) < 0 ||
	    mel_rmtree(cache->fd, "uv", &err) < 0)
		fail("rmtree");
	return took;
}

int main(void)
{
	struct bench_cache cache[] = { { .name = "one", .files = 1 },
				       { .name = "many", .files = 100000 } };
	const struct bench_case bench[] = {
		{ "cache of 1 file", commit, &cache[0] },
		{ "cache of 100,000 files", commit, &cache[1] },
	};
	const char *home = bench_folder(0);

	for (size_t i = 0; i < sizeof(cache) / sizeof(cache[0]); i++)
		fill(&cache[i], home);
	return bench_compare("Commit of a layer with 101 files", bench,
			     sizeof(bench) / sizeof(bench[0]), 50);
}
