TESTS += tests/scripts/test-fetch-debian-source
dist_check_SCRIPTS += tests/scripts/test-fetch-debian-source
