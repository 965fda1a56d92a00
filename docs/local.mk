dist_man_MANS += docs/man/melange.1 docs/man/melange-build.1 docs/man/melange-cache.1 docs/man/melange-compile.1 docs/man/melange-keygen.1 \
	docs/man/melange-update-cache.1 \
	docs/man/melange-build-file.5
dist_doc_DATA += docs/guide.md docs/cache.md docs/containers.md docs/divergences.md CHANGELOG.md SECURITY.md
EXTRA_DIST += CONTRIBUTING.md docs/architecture.md docs/benchmarks.md docs/formats.md docs/testing.md docs/examples scripts .ci/run

# Builds that download from the registries of the tools; no part of check.
.PHONY: check-online
check-online: melange$(EXEEXT)
	MELANGE=$(abs_builddir)/melange sh $(srcdir)/scripts/build-cache-examples
