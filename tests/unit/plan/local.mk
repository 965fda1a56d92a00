if HAVE_CRITERION
check_PROGRAMS += tests/unit/plan/test-plan
TESTS += tests/unit/plan/test-plan
tests_unit_plan_test_plan_SOURCES = \
	tests/unit/plan/fixture.c tests/unit/plan/fixture.h \
	tests/unit/plan/test_cacheenv.c \
	tests/unit/plan/test_definitions.c \
	tests/unit/plan/test_load.c \
	tests/unit/plan/test_plan.c \
	tests/unit/plan/test_script.c \
	tests/unit/plan/test_subpackages.c
tests_unit_plan_test_plan_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_plan_test_plan_LDADD = src/plan/libplan.a src/config/libconfig.a \
	src/pipelines/libpipelines.a src/codec/libcodec.a src/base/libbase.a \
	$(CRITERION_LIBS) $(PCRE2_LIBS) $(YAML_LIBS)
endif
