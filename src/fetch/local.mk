# What both sides of the socket share, and the program that downloads.
noinst_LIBRARIES += src/fetch/libfetch.a
src_fetch_libfetch_a_SOURCES = \
	src/fetch/header.c src/fetch/header.h \
	src/fetch/protocol.c src/fetch/protocol.h

libexec_PROGRAMS += melange-fetch
melange_fetch_SOURCES = \
	src/fetch/confine.c src/fetch/confine.h \
	src/fetch/main.c \
	src/fetch/transfer.c src/fetch/transfer.h
melange_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
melange_fetch_LDADD = src/fetch/libfetch.a src/base/libbase.a $(CURL_LIBS)
