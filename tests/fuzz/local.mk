# A target is fuzz_NAME.c with a corpus in corpus/NAME; its program is fuzz-NAME. With
# --enable-fuzzing (and clang) it is driven by libFuzzer, otherwise it replays the corpus.
MEL_FUZZ_TARGETS = tests/fuzz/fuzz-cache tests/fuzz/fuzz-cacheimport \
	tests/fuzz/fuzz-cachelines \
	tests/fuzz/fuzz-cond tests/fuzz/fuzz-fetch tests/fuzz/fuzz-gzip tests/fuzz/fuzz-index \
	tests/fuzz/fuzz-pkginfo tests/fuzz/fuzz-tar tests/fuzz/fuzz-vars \
	tests/fuzz/fuzz-yaml
MEL_FUZZ_LIBS = src/cache/libcache.a src/config/libconfig.a src/pipelines/libpipelines.a src/apk/libapk.a \
	src/fetch/libfetch.a src/codec/libcodec.a sandbox/libmelange-sandbox.a src/base/libbase.a $(MEL_EXTERNAL_LIBS)
if ENABLE_FUZZING
MEL_FUZZ_DRIVER =
else
MEL_FUZZ_DRIVER = tests/fuzz/replay.c
TESTS += $(MEL_FUZZ_TARGETS)
endif
check_PROGRAMS += $(MEL_FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/corpus tests/fuzz/replay.c

tests_fuzz_fuzz_cachelines_SOURCES = tests/fuzz/fuzz_cachelines.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_cachelines_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_cachelines_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_cacheimport_SOURCES = tests/fuzz/fuzz_cacheimport.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_cacheimport_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_cacheimport_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_cache_SOURCES = tests/fuzz/fuzz_cache.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_cache_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_cache_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_cond_SOURCES = tests/fuzz/fuzz_cond.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_cond_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_cond_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_fetch_SOURCES = tests/fuzz/fuzz_fetch.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_fetch_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_fetch_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_vars_SOURCES = tests/fuzz/fuzz_vars.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_vars_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_vars_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_gzip_SOURCES = tests/fuzz/fuzz_gzip.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_gzip_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_gzip_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_index_SOURCES = tests/fuzz/fuzz_index.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_index_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_index_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_pkginfo_SOURCES = tests/fuzz/fuzz_pkginfo.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_pkginfo_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_pkginfo_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz_tar.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_tar_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_tar_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)

tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c $(MEL_FUZZ_DRIVER)
tests_fuzz_fuzz_yaml_LDADD = $(MEL_FUZZ_LIBS)
tests_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) $(MEL_FUZZ_LDFLAGS)
