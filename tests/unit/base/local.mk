if HAVE_CRITERION
check_PROGRAMS += tests/unit/base/test-base
TESTS += tests/unit/base/test-base
tests_unit_base_test_base_SOURCES = \
	tests/unit/base/test_date.c \
	tests/unit/base/test_err.c \
	tests/unit/base/test_fs.c \
	tests/unit/base/test_text.c \
	tests/unit/base/test_units.c
tests_unit_base_test_base_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_base_test_base_LDADD = src/base/libbase.a $(CRITERION_LIBS)
endif
