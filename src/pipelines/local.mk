# Definitions, sorted by name; embed.awk makes a C table of them.
MEL_DEFINITIONS = \
	src/pipelines/autoconf/configure.yaml \
	src/pipelines/autoconf/make.yaml \
	src/pipelines/autoconf/make-install.yaml \
	src/pipelines/cargo/build.yaml \
	src/pipelines/fetch.yaml \
	src/pipelines/git-checkout.yaml \
	src/pipelines/go/build.yaml \
	src/pipelines/go/build/v2.yaml \
	src/pipelines/go/bump.yaml \
	src/pipelines/go/covdata.yaml \
	src/pipelines/go/install.yaml \
	src/pipelines/maven/configure-mirror.yaml \
	src/pipelines/maven/pombump.yaml \
	src/pipelines/npm/install.yaml \
	src/pipelines/patch.yaml \
	src/pipelines/python/build.yaml \
	src/pipelines/python/build-wheel.yaml \
	src/pipelines/python/import.yaml \
	src/pipelines/python/install.yaml \
	src/pipelines/python/test.yaml \
	src/pipelines/ruby/build.yaml \
	src/pipelines/ruby/clean.yaml \
	src/pipelines/ruby/install.yaml \
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
