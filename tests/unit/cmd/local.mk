if HAVE_CRITERION
check_PROGRAMS += tests/unit/cmd/test-cmd
TESTS += tests/unit/cmd/test-cmd
tests_unit_cmd_test_cmd_SOURCES = \
	tests/unit/cmd/test_git.c \
	tests/unit/cmd/test_keepfor.c \
	tests/unit/cmd/test_options.c \
	tests/unit/cmd/test_sink.c \
	tests/unit/cmd/test_status.c \
	tests/unit/cmd/test_summary.c
tests_unit_cmd_test_cmd_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_cmd_test_cmd_LDADD = src/cmd/libcmd.a $(MEL_LIBS) $(MEL_EXTERNAL_LIBS) \
	$(CRITERION_LIBS)
endif
