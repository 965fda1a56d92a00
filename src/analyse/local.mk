noinst_LIBRARIES += src/analyse/libanalyse.a
src_analyse_libanalyse_a_SOURCES = \
	src/analyse/deps.c src/analyse/deps.h \
	src/analyse/sca.c src/analyse/sca.h \
	src/analyse/sca_command.c \
	src/analyse/sca_elf.c \
	src/analyse/scanner.h \
	src/analyse/tree.c src/analyse/tree.h \
	src/analyse/xattr.c src/analyse/xattr.h
