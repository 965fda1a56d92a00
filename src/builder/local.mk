noinst_LIBRARIES += src/builder/libbuilder.a
src_builder_libbuilder_a_SOURCES = \
	src/builder/build.c src/builder/build.h \
	src/builder/buildcache.c src/builder/buildcache.h \
	src/builder/emit.c src/builder/emit.h \
	src/builder/foreign.c src/builder/foreign.h \
	src/builder/data.c src/builder/data.h \
	src/builder/guest.c src/builder/guest.h \
	src/builder/ignore.c src/builder/ignore.h \
	src/builder/lines.c src/builder/lines.h \
	src/builder/mirrors.c src/builder/mirrors.h \
	src/builder/notes.c src/builder/notes.h \
	src/builder/owners.c src/builder/owners.h \
	src/builder/progress.h \
	src/builder/report.c src/builder/report.h \
	src/builder/rootfs.c src/builder/rootfs.h \
	src/builder/runner.c src/builder/runner.h \
	src/builder/sources.c src/builder/sources.h \
	src/builder/toolchain.c src/builder/toolchain.h \
	src/builder/workspace.c src/builder/workspace.h
