TESTS += tests/scripts/test-fetch-debian-source tests/scripts/test-ci-jobs
dist_check_SCRIPTS += tests/scripts/test-fetch-debian-source tests/scripts/test-ci-jobs
