# Definitions, sorted by name; embed.awk makes a C table of them.
MEL_DEFINITIONS = \
	src/pipelines/autoconf/configure.yaml \
	src/pipelines/autoconf/make.yaml \
	src/pipelines/autoconf/make-install.yaml \
	src/pipelines/fetch.yaml \
	src/pipelines/git-checkout.yaml \
	src/pipelines/patch.yaml \
	src/pipelines/split/alldocs.yaml \
	src/pipelines/split/bin.yaml \
	src/pipelines/split/dev.yaml \
	src/pipelines/split/infodir.yaml \
	src/pipelines/split/lib.yaml \
	src/pipelines/split/locales.yaml \
	src/pipelines/split/manpages.yaml \
	src/pipelines/split/static.yaml \
	src/pipelines/strip.yaml

noinst_LIBRARIES += src/pipelines/libpipelines.a
src_pipelines_libpipelines_a_SOURCES = \
	src/pipelines/builtin.c src/pipelines/builtin.h src/pipelines/builtin_table.h \
	src/guest/helper_image.c src/guest/helper_image.h
nodist_src_pipelines_libpipelines_a_SOURCES = src/pipelines/builtin_table.c

src/pipelines/builtin_table.c: src/pipelines/embed.awk $(MEL_DEFINITIONS)
	$(AM_V_GEN)$(MKDIR_P) src/pipelines && \
	files= && for file in $(MEL_DEFINITIONS); do files="$$files $(srcdir)/$$file"; done && \
	LC_ALL=C $(AWK) -v root="$(srcdir)/src/pipelines/" -f $(srcdir)/src/pipelines/embed.awk \
		$$files >$@.tmp && mv $@.tmp $@

CLEANFILES += src/pipelines/builtin_table.c src/pipelines/builtin_table.c.tmp
EXTRA_DIST += src/pipelines/embed.awk $(MEL_DEFINITIONS)
