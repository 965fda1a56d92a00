if HAVE_CRITERION
check_PROGRAMS += tests/sandbox/test-sandbox tests/sandbox/probe
TESTS += tests/sandbox/test-sandbox
tests_sandbox_test_sandbox_SOURCES = tests/sandbox/cases.h tests/sandbox/fixture.c \
	tests/sandbox/fixture.h tests/sandbox/test_files.c \
	tests/sandbox/test_places.c tests/sandbox/test_process.c
tests_sandbox_test_sandbox_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_sandbox_test_sandbox_LDADD = sandbox/libmelange-sandbox.a $(CRITERION_LIBS)

# Runs inside of guests, so it is static and not instrumented.
tests_sandbox_probe_SOURCES = tests/sandbox/probe.c tests/sandbox/probe_calls.c
tests_sandbox_probe_CFLAGS = $(MEL_STATIC_CFLAGS)
tests_sandbox_probe_LDFLAGS = -static -no-pie
tests_sandbox_probe_LDADD =
endif
