noinst_LIBRARIES += src/codec/libcodec.a
src_codec_libcodec_a_SOURCES = \
	src/codec/digest.c src/codec/digest.h \
	src/codec/elf.c src/codec/elf.h \
	src/codec/gunzip.c \
	src/codec/gzip.c src/codec/gzip.h \
	src/codec/inflate.c src/codec/inflate.h \
	src/codec/json.c src/codec/json.h \
	src/codec/rsa.c src/codec/rsa.h \
	src/codec/stream.c src/codec/stream.h \
	src/codec/tar.c src/codec/tar.h src/codec/tar_header.h \
	src/codec/tar_read.c \
	src/codec/utf8.c src/codec/utf8.h \
	src/codec/yaml.c src/codec/yaml.h \
	src/codec/yaml_text.c \
	src/codec/yaml_write.c src/codec/yaml_write.h \
	src/codec/zip.c src/codec/zip.h
