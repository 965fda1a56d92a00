noinst_LIBRARIES += src/codec/libcodec.a
src_codec_libcodec_a_SOURCES = \
	src/codec/elf.c src/codec/elf.h
