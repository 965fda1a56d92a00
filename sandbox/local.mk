lib_LIBRARIES += sandbox/libmelange-sandbox.a
sandbox_libmelange_sandbox_a_SOURCES = sandbox/sbx.h
