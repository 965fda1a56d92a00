if HAVE_CRITERION
check_PROGRAMS += tests/cli/test-cli tests/cli/test-build tests/cli/test-ends \
	tests/cli/test-cache-commands tests/cli/test-cache-modes
TESTS += tests/cli/test-cli tests/cli/test-build tests/cli/test-ends \
	tests/cli/test-cache-commands tests/cli/test-cache-modes
tests_cli_test_cli_SOURCES = \
	tests/cli/run.c tests/cli/run.h \
	tests/cli/test_keygen.c \
	tests/cli/test_usage.c
tests_cli_test_cli_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_cli_LDADD = $(CRITERION_LIBS)

tests_cli_test_build_SOURCES = \
	tests/cli/builds.c tests/cli/builds.h \
	tests/cli/run.c tests/cli/run.h \
	tests/cli/test_build_cache.c \
	tests/cli/test_build_errors.c \
	tests/cli/test_build_go.c \
	tests/cli/test_build_inside.c tests/cli/test_build_memory.c \
	tests/cli/test_build_output.c \
	tests/cli/test_build_source.c tests/cli/test_build_subids.c
tests_cli_test_build_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_build_LDADD = $(CRITERION_LIBS)

tests_cli_test_cache_commands_SOURCES = \
	tests/cli/run.c tests/cli/run.h \
	tests/cli/test_cache_archive.c \
	tests/cli/test_cache_gc.c \
	tests/cli/test_cache_ls.c
tests_cli_test_cache_commands_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_cache_commands_LDADD = $(CRITERION_LIBS)

tests_cli_test_cache_modes_SOURCES = \
	tests/cli/builds.c tests/cli/builds.h \
	tests/cli/caches.c tests/cli/caches.h \
	tests/cli/run.c tests/cli/run.h \
	tests/cli/test_cache_faults.c \
	tests/cli/test_cache_modes.c
tests_cli_test_cache_modes_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_cache_modes_LDADD = $(CRITERION_LIBS)

# Apart, so that it can be run by itself: many builds at once.
check_PROGRAMS += tests/cli/test-cache-stress
TESTS += tests/cli/test-cache-stress
tests_cli_test_cache_stress_SOURCES = \
	tests/cli/builds.c tests/cli/builds.h \
	tests/cli/run.c tests/cli/run.h \
	tests/cli/test_cache_stress.c
tests_cli_test_cache_stress_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_cache_stress_LDADD = $(CRITERION_LIBS)

# Apart, so that its waiting goes on beside the other programs.
tests_cli_test_ends_SOURCES = \
	tests/cli/builds.c tests/cli/builds.h \
	tests/cli/run.c tests/cli/run.h \
	tests/cli/test_build_ends.c
tests_cli_test_ends_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_ends_LDADD = $(CRITERION_LIBS)

# With servers on loopback.
check_PROGRAMS += tests/cli/test-sources
TESTS += tests/cli/test-sources
tests_cli_test_sources_SOURCES = \
	tests/cli/builds.c tests/cli/builds.h \
	tests/cli/run.c tests/cli/run.h \
	tests/http.c tests/http.h \
	tests/cli/test_sources.c
tests_cli_test_sources_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_cli_test_sources_LDADD = $(CRITERION_LIBS)
endif
