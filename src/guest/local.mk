# The guest's helper: static, since the guest may have another libc or none; small; stripped.
MEL_HELPER_VERBS = \
	src/guest/command.c src/guest/command.h \
	src/guest/digest.c src/guest/digest.h \
	src/guest/fetch.c \
	src/guest/helper.h \
	src/guest/open_up.c \
	src/guest/patch.c \
	src/guest/patch_undo.c src/guest/patch_undo.h \
	src/guest/plan.c src/guest/plan.h \
	src/guest/rules.c src/guest/rules.h \
	src/guest/series.c src/guest/series.h \
	src/guest/sha2.c src/guest/sha2.h \
	src/guest/split.c \
	src/guest/strip.c \
	src/guest/strip_file.c src/guest/strip.h \
	src/guest/tree.c src/guest/tree.h \
	src/guest/unpack.c \
	src/guest/util.c src/guest/util.h \
	src/guest/words.c src/guest/words.h

noinst_PROGRAMS += src/guest/helper
src_guest_helper_SOURCES = src/guest/helper.c $(MEL_HELPER_VERBS)
src_guest_helper_CFLAGS = $(MEL_STATIC_CFLAGS) -O2 -ffunction-sections -fdata-sections
src_guest_helper_LDFLAGS = -static -s -Wl,--gc-sections

# Its image is taken from the built program by .incbin (helper_image.c in libpipelines.a).
src/guest/helper_image.$(OBJEXT): src/guest/helper$(EXEEXT)
