if HAVE_CRITERION
check_PROGRAMS += tests/unit/build/test-build
TESTS += tests/unit/build/test-build
tests_unit_build_test_build_SOURCES = \
	tests/unit/build/table.h \
	tests/unit/build/test_cache.c \
	tests/unit/build/test_ignore.c \
	tests/unit/build/test_lines.c \
	tests/unit/build/test_notes.c \
	tests/unit/build/test_owners.c
tests_unit_build_test_build_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_build_test_build_LDADD = $(MEL_LIBS) $(MEL_EXTERNAL_LIBS) $(CRITERION_LIBS)
endif
