if HAVE_CRITERION
check_PROGRAMS += tests/unit/codec/test-codec
TESTS += tests/unit/codec/test-codec
tests_unit_codec_test_codec_SOURCES = \
	tests/unit/table.h \
	tests/unit/codec/test_digest.c \
	tests/unit/codec/test_gzip.c \
	tests/unit/codec/test_json.c \
	tests/unit/codec/test_rsa.c \
	tests/unit/codec/test_tar.c \
	tests/unit/codec/test_yaml.c \
	tests/unit/codec/test_yaml_write.c
tests_unit_codec_test_codec_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_codec_test_codec_LDADD = src/codec/libcodec.a src/base/libbase.a $(CRITERION_LIBS) \
	$(YAML_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS) $(ELF_LIBS)
endif
