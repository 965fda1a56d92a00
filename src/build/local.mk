noinst_LIBRARIES += src/build/libbuild.a
src_build_libbuild_a_SOURCES = \
	src/build/layer.c src/build/layer.h
