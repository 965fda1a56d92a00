noinst_LIBRARIES += src/apk/libapk.a
src_apk_libapk_a_SOURCES = \
	src/apk/index.c src/apk/index.h \
	src/apk/index_parse.c \
	src/apk/index_update.c \
	src/apk/package.c src/apk/package.h \
	src/apk/pkginfo.c src/apk/pkginfo.h \
	src/apk/read.c src/apk/read.h \
	src/apk/sign.c src/apk/sign.h \
	src/apk/version.c src/apk/version.h
