if HAVE_CRITERION
check_PROGRAMS += tests/unit/builder/test-builder
TESTS += tests/unit/builder/test-builder
tests_unit_builder_test_builder_SOURCES = \
	tests/unit/table.h \
	tests/unit/builder/test_ignore.c \
	tests/unit/builder/test_lines.c \
	tests/unit/builder/test_notes.c \
	tests/unit/builder/test_owners.c \
	tests/unit/builder/test_sources.c
tests_unit_builder_test_builder_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_builder_test_builder_LDADD = $(MEL_LIBS) $(MEL_EXTERNAL_LIBS) $(CRITERION_LIBS)
endif
