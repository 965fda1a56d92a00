if HAVE_CRITERION
check_PROGRAMS += tests/unit/apk/test-apk
TESTS += tests/unit/apk/test-apk
tests_unit_apk_test_apk_SOURCES = \
	tests/unit/apk/acme.c tests/unit/apk/acme.h \
	tests/unit/apk/test_index.c \
	tests/unit/apk/test_package.c \
	tests/unit/apk/test_pkginfo.c \
	tests/unit/apk/test_version.c
tests_unit_apk_test_apk_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_apk_test_apk_LDADD = src/apk/libapk.a src/codec/libcodec.a src/base/libbase.a \
	$(CRITERION_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)
endif
