# Rules of the house, checked by scripts; each says what to do.
MEL_GATES = build-aux/check-layers build-aux/check-symbols build-aux/check-format \
	build-aux/check-headers build-aux/check-options build-aux/check-arch \
	build-aux/check-dist
dist_check_SCRIPTS += $(MEL_GATES)
TESTS += $(MEL_GATES)
EXTRA_DIST += docs/layers.txt

# One test at a time in each program: make runs the programs side by side, and Criterion 2.4 loses
# 48 bytes in its own parent process when it runs several, which LeakSanitizer then reports.
AM_TESTS_ENVIRONMENT = CRITERION_JOBS=1; export CRITERION_JOBS;

# The unit tests once more, under valgrind. The other programs change user ids and namespaces,
# where its leak check is of no use.
MEL_VALGRIND = valgrind -q --vgdb=no --trace-children=yes --trace-children-skip=*/sh,*/git,*/melange-fetch --leak-check=full \
	--errors-for-leak-kinds=definite --error-exitcode=99
MEL_UNIT_TESTS = $(filter tests/unit/%,$(check_PROGRAMS))
MEL_VALGRIND_RUNS = $(addsuffix .valgrind,$(MEL_UNIT_TESTS))

# What valgrind itself prints of system calls that it does not know is left out: there the code
# under test takes its fallback.
check-valgrind: $(MEL_VALGRIND_RUNS)

# A target per program, so that make runs them side by side.
$(MEL_VALGRIND_RUNS): %.valgrind: % $(check_PROGRAMS) $(check_DATA)
	@command -v valgrind >/dev/null || { \
		echo "valgrind is missing (scripts/install-deps develop brings it)"; exit 1; }
	@status=0; \
	srcdir=$(srcdir) CRITERION_JOBS=1 MEL_UNDER_VALGRIND=1 $(MEL_VALGRIND) ./$* >$@ 2>&1 || status=$$?; \
	echo "valgrind $*: status $$status"; \
	grep -vE 'WARNING: unhandled|write your own handler|MISSING_SYSCALL|consider this a bug|valgrind.org' $@; \
	test $$status = 0 || { rm -f $@; exit 1; }

CLEANFILES += $(MEL_VALGRIND_RUNS)
.PHONY: check-valgrind
