noinst_LIBRARIES += src/build/libbuild.a
src_build_libbuild_a_SOURCES = \
	src/build/build.h \
	src/build/progress.h \
	src/build/report.c src/build/report.h
