# `make bench`: measurements, printed as ratios; nothing of it is a test.
MEL_BENCHES = tests/bench/bench-cache tests/bench/bench-commit tests/bench/bench-modes \
	tests/bench/bench-step \
	tests/bench/bench-setup tests/bench/bench-build tests/bench/bench-read
EXTRA_PROGRAMS += $(MEL_BENCHES)
CLEANFILES += $(MEL_BENCHES)

MEL_BENCH_COMMON = tests/bench/bench.c tests/bench/bench.h
tests_bench_bench_commit_SOURCES = tests/bench/bench-commit.c $(MEL_BENCH_COMMON)
tests_bench_bench_commit_LDADD = $(MEL_LIBS) $(MEL_EXTERNAL_LIBS)
tests_bench_bench_step_SOURCES = tests/bench/bench-step.c $(MEL_BENCH_COMMON)
tests_bench_bench_build_SOURCES = tests/bench/bench-build.c $(MEL_BENCH_COMMON)
tests_bench_bench_cache_SOURCES = tests/bench/bench-cache.c $(MEL_BENCH_COMMON)
tests_bench_bench_modes_SOURCES = tests/bench/bench-modes.c $(MEL_BENCH_COMMON)
tests_bench_bench_setup_SOURCES = tests/bench/bench-setup.c $(MEL_BENCH_COMMON)
tests_bench_bench_setup_LDADD = sandbox/libmelange-sandbox.a $(SECCOMP_LIBS) $(CAP_LIBS)
tests_bench_bench_read_SOURCES = tests/bench/bench-read.c $(MEL_BENCH_COMMON)
tests_bench_bench_read_LDADD = $(MEL_LIBS) $(MEL_EXTERNAL_LIBS)

bench: all $(MEL_BENCHES)
	@tests/bench/bench-step
	@tests/bench/bench-setup
	@tests/bench/bench-build
	@tests/bench/bench-commit
	@tests/bench/bench-read $(srcdir)/docs/examples/*/*.yaml
	@tests/bench/bench-cache
	@tests/bench/bench-modes

.PHONY: bench
