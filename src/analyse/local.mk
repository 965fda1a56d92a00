noinst_LIBRARIES += src/analyse/libanalyse.a
src_analyse_libanalyse_a_SOURCES = \
	src/analyse/layer.c src/analyse/layer.h
