# Package managers with registries on loopback.
if HAVE_CRITERION
check_PROGRAMS += tests/cli/test-ecosystems
TESTS += tests/cli/test-ecosystems
tests_cli_test_ecosystems_SOURCES = \
	tests/cli/builds.c tests/cli/builds.h \
	tests/cli/run.c tests/cli/run.h \
	tests/http.c tests/http.h \
	tests/cli/test_ecosystems.c
tests_cli_test_ecosystems_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_ecosystems_LDADD = $(CRITERION_LIBS)
endif
EXTRA_DIST += tests/cli/ecosystems
