noinst_LIBRARIES += src/apk/libapk.a
src_apk_libapk_a_SOURCES = \
	src/apk/layer.c src/apk/layer.h
