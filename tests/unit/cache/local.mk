if HAVE_CRITERION
check_PROGRAMS += tests/unit/cache/test-cache
TESTS += tests/unit/cache/test-cache
tests_unit_cache_test_cache_SOURCES = \
	tests/unit/table.h \
	tests/unit/cache/dir.c tests/unit/cache/dir.h \
	tests/unit/cache/layers.c tests/unit/cache/layers.h \
	tests/unit/cache/test_bill.c \
	tests/unit/cache/test_commit.c \
	tests/unit/cache/test_commit_kill.c \
	tests/unit/cache/test_gc.c \
	tests/unit/cache/test_import.c \
	tests/unit/cache/test_kind.c \
	tests/unit/cache/test_list.c \
	tests/unit/cache/test_object.c \
	tests/unit/cache/test_open.c \
	tests/unit/cache/test_records.c \
	tests/unit/cache/test_mirror.c \
	tests/unit/cache/test_remote.c \
	tests/unit/cache/test_source.c \
	tests/unit/cache/test_state.c \
	tests/http.c tests/http.h \
	tests/unit/cache/test_unit.c \
	tests/unit/cache/test_upper.c \
	tests/unit/cache/test_use.c
tests_unit_cache_test_cache_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_cache_test_cache_LDADD = $(MEL_LIBS) $(MEL_EXTERNAL_LIBS) $(CRITERION_LIBS)
endif
