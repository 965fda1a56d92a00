if HAVE_CRITERION
check_PROGRAMS += tests/unit/guest/test-guest
TESTS += tests/unit/guest/test-guest
tests_unit_guest_test_guest_SOURCES = \
	tests/unit/guest/test_builtin.c \
	tests/unit/guest/test_sha2.c \
	tests/unit/guest/test_words.c \
	$(MEL_HELPER_VERBS)
tests_unit_guest_test_guest_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_guest_test_guest_LDADD = src/pipelines/libpipelines.a $(CRITERION_LIBS)
endif
