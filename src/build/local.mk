noinst_LIBRARIES += src/build/libbuild.a
src_build_libbuild_a_SOURCES = \
	src/build/build.c src/build/build.h \
	src/build/cache.c src/build/cache.h \
	src/build/emit.c src/build/emit.h \
	src/build/data.c src/build/data.h \
	src/build/guest.c src/build/guest.h \
	src/build/ignore.c src/build/ignore.h \
	src/build/lines.c src/build/lines.h \
	src/build/notes.c src/build/notes.h \
	src/build/owners.c src/build/owners.h \
	src/build/progress.h \
	src/build/report.c src/build/report.h \
	src/build/rootfs.c src/build/rootfs.h \
	src/build/runner.c src/build/runner.h \
	src/build/workspace.c src/build/workspace.h
