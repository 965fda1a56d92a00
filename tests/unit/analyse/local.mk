if HAVE_CRITERION
check_PROGRAMS += tests/unit/analyse/test-analyse
TESTS += tests/unit/analyse/test-analyse
tests_unit_analyse_test_analyse_SOURCES = \
	tests/unit/analyse/elf_file.c tests/unit/analyse/elf_file.h \
	tests/unit/analyse/place.c tests/unit/analyse/place.h \
	tests/unit/analyse/test_elf.c \
	tests/unit/analyse/test_license.c \
	tests/unit/analyse/test_sbom.c \
	tests/unit/analyse/test_sca.c \
	tests/unit/analyse/test_tree.c \
	tests/unit/analyse/test_xattr.c
tests_unit_analyse_test_analyse_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
tests_unit_analyse_test_analyse_LDADD = src/analyse/libanalyse.a src/config/libconfig.a \
	src/codec/libcodec.a src/base/libbase.a $(CRITERION_LIBS) $(ELF_LIBS) $(CRYPTO_LIBS) \
	$(PCRE2_LIBS) $(YAML_LIBS) $(ZLIB_LIBS)
endif
