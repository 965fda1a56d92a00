noinst_LIBRARIES += src/cache/libcache.a
src_cache_libcache_a_SOURCES = \
	src/cache/archive.c src/cache/archive.h \
	src/cache/bill.c src/cache/bill.h \
	src/cache/cache.c src/cache/cache.h \
	src/cache/check.c src/cache/check.h \
	src/cache/commit.c src/cache/commit.h \
	src/cache/export.c src/cache/export.h \
	src/cache/depot.c src/cache/depot.h \
	src/cache/download.c src/cache/download.h \
	src/cache/gc.c src/cache/gc.h \
	src/cache/gc_auto.c \
	src/cache/gozip.c src/cache/gozip.h \
	src/cache/import.c src/cache/import.h \
	src/cache/journal.c src/cache/journal.h \
	src/cache/kind.c src/cache/kind.h \
	src/cache/lines.c src/cache/lines.h \
	src/cache/list.c src/cache/list.h \
	src/cache/manifest.c src/cache/manifest.h \
	src/cache/merge.c src/cache/merge.h src/cache/merge_walk.h \
	src/cache/merge_file.c \
	src/cache/mirror.c src/cache/mirror.h \
	src/cache/object.c src/cache/object.h \
	src/cache/place.c src/cache/place.h \
	src/cache/prune.c src/cache/prune.h \
	src/cache/records.c src/cache/records.h \
	src/cache/remote.c src/cache/remote.h \
	src/cache/remove.c src/cache/remove.h \
	src/cache/source.c src/cache/source.h \
	src/cache/state.c src/cache/state.h \
	src/cache/stats.c src/cache/stats.h \
	src/cache/tally.c src/cache/tally.h \
	src/cache/unit.c src/cache/unit.h \
	src/cache/upper.c src/cache/upper.h \
	src/cache/upper_copy.c \
	src/cache/use.c src/cache/use.h \
	src/cache/verify.c src/cache/verify.h \
	src/cache/walk.c src/cache/walk.h
src_cache_libcache_a_CPPFLAGS = $(AM_CPPFLAGS) -DMEL_LIBEXEC_DIR='"$(libexecdir)"'
