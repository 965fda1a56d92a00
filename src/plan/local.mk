noinst_LIBRARIES += src/plan/libplan.a
src_plan_libplan_a_SOURCES = \
	src/plan/cacheenv.c src/plan/cacheenv.h \
	src/plan/compile.c src/plan/compile.h \
	src/plan/guestenv.c src/plan/guestenv.h \
	src/plan/plan.c src/plan/plan.h \
	src/plan/script.c src/plan/script.h
