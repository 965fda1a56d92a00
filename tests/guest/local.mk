# The built-in definitions, run on this machine by each shell that a guest may have.
check_PROGRAMS += tests/guest/dump-builtin
tests_guest_dump_builtin_SOURCES = tests/guest/dump-builtin.c
tests_guest_dump_builtin_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
tests_guest_dump_builtin_LDADD = src/pipelines/libpipelines.a $(YAML_LIBS)

if ENABLE_SANITIZERS
check_PROGRAMS += tests/guest/helper-sanitized
tests_guest_helper_sanitized_SOURCES = src/guest/helper.c $(MEL_HELPER_VERBS)
tests_guest_helper_sanitized_CFLAGS = $(AM_CFLAGS)
endif

MEL_GUEST_TESTS = \
	tests/guest/test-autoconf \
	tests/guest/test-cargo \
	tests/guest/test-definitions \
	tests/guest/test-fetch \
	tests/guest/test-git-checkout \
	tests/guest/test-go \
	tests/guest/test-maven \
	tests/guest/test-npm \
	tests/guest/test-patch \
	tests/guest/test-python \
	tests/guest/test-ruby \
	tests/guest/test-split \
	tests/guest/test-strip
TESTS += $(MEL_GUEST_TESTS)
dist_check_SCRIPTS += $(MEL_GUEST_TESTS)
EXTRA_DIST += tests/guest/lib.sh
