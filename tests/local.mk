include tests/gates/local.mk
