noinst_LIBRARIES += src/cache/libcache.a
src_cache_libcache_a_SOURCES = \
	src/cache/cache.c src/cache/cache.h \
	src/cache/lines.c src/cache/lines.h \
	src/cache/state.c src/cache/state.h \
	src/cache/stats.c src/cache/stats.h \
	src/cache/use.c src/cache/use.h
