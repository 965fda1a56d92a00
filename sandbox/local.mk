# The library. It embeds its init program, a static program without libc that is never
# instrumented, since it runs where there may be no shared library and no /proc.
lib_LIBRARIES += sandbox/libmelange-sandbox.a
include_HEADERS += sandbox/sbx.h
pkgconfig_DATA += sandbox/melange-sandbox.pc
dist_doc_DATA += docs/sandbox.md
sandbox_libmelange_sandbox_a_SOURCES = sandbox/sbx.h \
	sandbox/clone.c sandbox/diagnose.c sandbox/fail.c sandbox/guest.c sandbox/hint.c sandbox/idmap.c \
	sandbox/init-blob.c sandbox/internal.h sandbox/message.c sandbox/probe.c \
	sandbox/remove.c sandbox/rmtree.c sandbox/self.c sandbox/spec.c sandbox/start.c sandbox/sys.h \
	sandbox/wire.h
sandbox_libmelange_sandbox_a_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_INIT_FILE='"sandbox/sbx-init$(EXEEXT)"'

noinst_PROGRAMS += sandbox/sbx-init sandbox/filter-gen sandbox/sbx-run
sandbox_sbx_init_SOURCES = sandbox/init.h sandbox/init-main.c sandbox/init-pid1.c \
	sandbox/init-holder.c sandbox/init-ops.c \
	sandbox/init-overlay.c sandbox/init-mount.c sandbox/init-target.c \
	sandbox/init-restrict.c sandbox/init-step.c sandbox/init-upper.c sandbox/init-wire.c \
	sandbox/clone.c sandbox/remove.c sandbox/sys.h sandbox/wire.h
sandbox_sbx_init_CFLAGS = $(MEL_STATIC_CFLAGS) $(SBX_INIT_CFLAGS) -Os -U_FORTIFY_SOURCE \
	-ffreestanding -fno-pie -fno-asynchronous-unwind-tables -fomit-frame-pointer
sandbox_sbx_init_LDFLAGS = -static -no-pie -nostdlib -s -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,norelro
sandbox_sbx_init_LDADD =

sandbox_filter_gen_SOURCES = sandbox/filter-gen.c
sandbox_filter_gen_CFLAGS = $(MEL_STATIC_CFLAGS) $(SECCOMP_CFLAGS)
sandbox_filter_gen_LDFLAGS =
sandbox_filter_gen_LDADD = $(SECCOMP_LIBS)

sandbox_sbx_run_SOURCES = sandbox/sbx-run.c
sandbox_sbx_run_LDADD = sandbox/libmelange-sandbox.a

sandbox/filter.inc: sandbox/filter-gen$(EXEEXT)
	$(AM_V_GEN)sandbox/filter-gen$(EXEEXT) > $@.tmp && mv $@.tmp $@
sandbox/sbx_init-init-step.$(OBJEXT): sandbox/filter.inc
sandbox/libmelange_sandbox_a-init-blob.$(OBJEXT): sandbox/sbx-init$(EXEEXT)
CLEANFILES += sandbox/filter.inc sandbox/filter.inc.tmp
