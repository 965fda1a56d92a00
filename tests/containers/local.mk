# Builds in containers: run by hand, see docs/testing.md.
EXTRA_DIST += tests/containers/run tests/containers/inside
