# Rules of the house, checked by scripts; each says what to do.
MEL_GATES = build-aux/check-layers build-aux/check-symbols build-aux/check-format \
	build-aux/check-headers build-aux/check-options build-aux/check-arch
dist_check_SCRIPTS += $(MEL_GATES)
TESTS += $(MEL_GATES)
EXTRA_DIST += docs/layers.txt

# The unit tests once more, under valgrind. The other programs change user ids and namespaces,
# where its leak check is of no use.
MEL_VALGRIND = valgrind -q --trace-children=yes --leak-check=full \
	--errors-for-leak-kinds=definite --error-exitcode=99
MEL_UNIT_TESTS = $(filter tests/unit/%,$(check_PROGRAMS))

check-valgrind: $(check_PROGRAMS) $(check_DATA)
	@command -v valgrind >/dev/null || { \
		echo "valgrind is missing (scripts/install-deps develop brings it)"; exit 1; }
	@for test in $(MEL_UNIT_TESTS); do \
		echo "valgrind $$test"; \
		srcdir=$(srcdir) $(MEL_VALGRIND) ./$$test || exit 1; \
	done

.PHONY: check-valgrind
