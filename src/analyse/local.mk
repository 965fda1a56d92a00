noinst_LIBRARIES += src/analyse/libanalyse.a
src_analyse_libanalyse_a_SOURCES = \
	src/analyse/deps.c src/analyse/deps.h \
	src/analyse/license.c src/analyse/license.h \
	src/analyse/purl.c src/analyse/purl.h \
	src/analyse/sbom.c src/analyse/sbom.h \
	src/analyse/sbom_source.c src/analyse/sbom_source.h \
	src/analyse/sca.c src/analyse/sca.h \
	src/analyse/sca_command.c \
	src/analyse/sca_language.c \
	src/analyse/sca_script.c \
	src/analyse/sca_elf.c \
	src/analyse/scanner.h \
	src/analyse/tree.c src/analyse/tree.h \
	src/analyse/xattr.c src/analyse/xattr.h

# The SPDX identifiers as rows of a C table.
BUILT_SOURCES += src/analyse/spdx_ids.inc
CLEANFILES += src/analyse/spdx_ids.inc
EXTRA_DIST += src/analyse/spdx_ids.txt scripts/update-spdx-ids
src/analyse/spdx_ids.inc: src/analyse/spdx_ids.txt
	$(AM_V_GEN)$(MKDIR_P) src/analyse && \
	$(AWK) '!/^#/ && NF == 2 { printf "{ \"%s\", %c%s%c },\n", $$1, 39, $$2, 39 }' \
		$(srcdir)/src/analyse/spdx_ids.txt >$@.tmp && mv $@.tmp $@
src/analyse/license.$(OBJEXT): src/analyse/spdx_ids.inc
