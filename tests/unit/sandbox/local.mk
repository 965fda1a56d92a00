if HAVE_CRITERION
check_PROGRAMS += tests/unit/sandbox/test-sandbox
TESTS += tests/unit/sandbox/test-sandbox
tests_unit_sandbox_test_sandbox_SOURCES = \
	tests/unit/sandbox/test_idmap.c \
	tests/unit/sandbox/test_message.c \
	tests/unit/sandbox/test_paths.c \
	tests/unit/sandbox/test_words.c \
	sandbox/init-target.c sandbox/init-wire.c
tests_unit_sandbox_test_sandbox_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_sandbox_test_sandbox_LDADD = sandbox/libmelange-sandbox.a $(CRITERION_LIBS)
endif
