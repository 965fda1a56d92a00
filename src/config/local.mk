noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_SOURCES = \
	src/config/arch.c src/config/arch.h \
	src/config/buildfile.c src/config/buildfile.h \
	src/config/caps.c src/config/caps.h \
	src/config/cond.c src/config/cond.h \
	src/config/copy.c src/config/copy.h \
	src/config/envfile.c src/config/envfile.h \
	src/config/keys.c src/config/keys.h \
	src/config/keys_environment.c \
	src/config/keys_update.c \
	src/config/model.c src/config/model.h \
	src/config/passes.c src/config/passes.h \
	src/config/pipeline.c src/config/pipeline.h \
	src/config/record.c src/config/record.h \
	src/config/regex.c src/config/regex.h \
	src/config/resolve.c src/config/resolve.h \
	src/config/scalar.c src/config/scalar.h \
	src/config/schema.c src/config/schema.h \
	src/config/scope.c \
	src/config/subpackages.c src/config/subpackages.h \
	src/config/transform.c src/config/transform.h \
	src/config/validate.c \
	src/config/vars.c src/config/vars.h
