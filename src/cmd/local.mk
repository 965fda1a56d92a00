noinst_LIBRARIES += src/cmd/libcmd.a
src_cmd_libcmd_a_SOURCES = \
	src/cmd/arch.c src/cmd/arch.h \
	src/cmd/build.c \
	src/cmd/buildflags.c src/cmd/buildflags.h \
	src/cmd/cache.c src/cmd/cache.h \
	src/cmd/cache_export.c \
	src/cmd/cache_gc.c \
	src/cmd/cache_import.c \
	src/cmd/cache_ls.c \
	src/cmd/cache_stats.c \
	src/cmd/cache_verify.c \
	src/cmd/cmd.c src/cmd/cmd.h \
	src/cmd/compile.c \
	src/cmd/completion.c \
	src/cmd/git.c src/cmd/git.h \
	src/cmd/help.c src/cmd/help.h \
	src/cmd/keepfor.c src/cmd/keepfor.h \
	src/cmd/keygen.c \
	src/cmd/loadflags.h \
	src/cmd/network.c src/cmd/network.h \
	src/cmd/options.c src/cmd/options.h \
	src/cmd/optvalue.c \
	src/cmd/record.c src/cmd/record.h \
	src/cmd/sink.c src/cmd/sink.h \
	src/cmd/status.c src/cmd/status.h \
	src/cmd/summary.c src/cmd/summary.h \
	src/cmd/update_cache.c \
	src/cmd/version.c
nodist_src_cmd_libcmd_a_SOURCES = src/cmd/commit.h

# Which commit this is; rewritten only when it changed.
BUILT_SOURCES += src/cmd/commit.h
CLEANFILES += src/cmd/commit.h
EXTRA_DIST += src/cmd/commit-header
.PHONY: always-look-at-commit
src/cmd/commit.h: always-look-at-commit
	$(AM_V_GEN)sh $(srcdir)/src/cmd/commit-header $(srcdir) $@
src/cmd/version.$(OBJEXT): src/cmd/commit.h
