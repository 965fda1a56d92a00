lib_LIBRARIES += sandbox/libmelange-sandbox.a
include_HEADERS += sandbox/sbx.h
pkgconfig_DATA += sandbox/melange-sandbox.pc
sandbox_libmelange_sandbox_a_SOURCES = sandbox/sbx.h sandbox/hint.c
