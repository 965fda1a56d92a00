noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_SOURCES = \
	src/config/arch.c src/config/arch.h \
	src/config/cond.c src/config/cond.h \
	src/config/envfile.c src/config/envfile.h \
	src/config/model.c src/config/model.h \
	src/config/regex.c src/config/regex.h \
	src/config/transform.c src/config/transform.h \
	src/config/vars.c src/config/vars.h
