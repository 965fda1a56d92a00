if HAVE_CRITERION
check_PROGRAMS += tests/unit/config/test-config
TESTS += tests/unit/config/test-config
tests_unit_config_test_config_SOURCES = \
	tests/unit/table.h \
	tests/unit/config/test_arch.c \
	tests/unit/config/test_buildfile.c \
	tests/unit/config/test_cond.c \
	tests/unit/config/test_envfile.c \
	tests/unit/config/test_record.c \
	tests/unit/config/test_transform.c \
	tests/unit/config/test_vars.c
tests_unit_config_test_config_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_config_test_config_LDADD = src/config/libconfig.a src/codec/libcodec.a \
	src/base/libbase.a $(CRITERION_LIBS) $(PCRE2_LIBS) $(YAML_LIBS)
endif
