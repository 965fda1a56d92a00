include tests/sandbox/local.mk
include tests/unit/base/local.mk
include tests/unit/config/local.mk
include tests/gates/local.mk
include tests/bench/local.mk
include tests/scripts/local.mk
include tests/unit/cmd/local.mk
include tests/cli/local.mk
