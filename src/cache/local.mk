noinst_LIBRARIES += src/cache/libcache.a
src_cache_libcache_a_SOURCES = \
	src/cache/cache.c src/cache/cache.h \
	src/cache/gc.c src/cache/gc.h \
	src/cache/gc_auto.c \
	src/cache/kind.c src/cache/kind.h \
	src/cache/lines.c src/cache/lines.h \
	src/cache/list.c src/cache/list.h \
	src/cache/remove.c src/cache/remove.h \
	src/cache/state.c src/cache/state.h \
	src/cache/stats.c src/cache/stats.h \
	src/cache/unit.c src/cache/unit.h \
	src/cache/use.c src/cache/use.h \
	src/cache/walk.c src/cache/walk.h
