/* "melange keygen" as a whole: files, modes, refusals. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

static mode_t mode_of(const struct run_place *place, const char *name)
{
	struct stat st;

	cr_assert_eq(stat(run_place_path(place, name), &st), 0, "no %s", name);
	return st.st_mode & 07777;
}

static void check_openssl(const struct run_place *place, const char *const *args)
{
	struct run_result result RUN_AUTO_RESULT;

	run_program(&result, place, NULL, "openssl", args);
	cr_assert_eq(result.code, 0, "openssl: %s", result.err);
}

Test(keygen, makes_a_pair_that_openssl_reads, .timeout = 120)
{
	uid_t user[RUN_USERS_MAX];
	size_t user_len = run_users(user);

	for (size_t i = 0; i < user_len; i++) {
		struct run_place place RUN_AUTO_PLACE;
		struct run_result result RUN_AUTO_RESULT;

		run_place_make(&place, user[i]);
		RUN_MELANGE(&result, &place, NULL, "keygen", "k.rsa", "--key-size=2048");
		cr_assert_eq(result.code, 0, "%s", result.err);
		cr_assert_str_empty(result.out);
		cr_assert_null(strstr(result.err, "WARN"), "%s", result.err);
		cr_assert(strstr(result.err, "INFO wrote private key to k.rsa\n"), "%s",
			  result.err);
		cr_assert(strstr(result.err, "INFO wrote public key to k.rsa.pub\n"), "%s",
			  result.err);
		cr_assert_eq(mode_of(&place, "k.rsa"), 0600);
		cr_assert_eq(mode_of(&place, "k.rsa.pub"), 0644);
		check_openssl(&place, (const char *const[]){ "rsa", "-in", "k.rsa", "-check",
							     "-noout", NULL });
		check_openssl(&place, (const char *const[]){ "pkey", "-pubin", "-in",
							     "k.rsa.pub", "-noout", NULL });
	}
}

Test(keygen, keeps_what_exists, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result refused RUN_AUTO_RESULT, forced RUN_AUTO_RESULT;
	char *text;

	run_place_make(&place, geteuid());
	run_place_write(&place, "k.rsa", "precious");
	RUN_MELANGE(&refused, &place, NULL, "keygen", "k.rsa", "--key-size=2048");
	cr_assert_eq(refused.code, 6, "%s", refused.err);
	cr_assert(strstr(refused.err, "'k.rsa' exists"), "%s", refused.err);
	text = run_place_read(&place, "k.rsa");
	cr_assert_str_eq(text, "precious");
	free(text);
	cr_assert_neq(access(run_place_path(&place, "k.rsa.pub"), F_OK), 0);

	RUN_MELANGE(&forced, &place, NULL, "keygen", "--force", "k.rsa", "--key-size=2048");
	cr_assert_eq(forced.code, 0, "%s", forced.err);
	cr_assert_eq(mode_of(&place, "k.rsa"), 0600);
	text = run_place_read(&place, "k.rsa");
	cr_assert(strstr(text, "BEGIN RSA PRIVATE KEY"), "%s", text);
	free(text);
}

Test(keygen, refuses_what_makes_no_sense, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result small RUN_AUTO_RESULT, folder RUN_AUTO_RESULT, name RUN_AUTO_RESULT;

	run_place_make(&place, geteuid());
	RUN_MELANGE(&small, &place, NULL, "keygen", "--key-size", "1024");
	cr_assert_eq(small.code, 2, "%s", small.err);
	cr_assert(strstr(small.err, "less than 2048 bits"), "%s", small.err);
	RUN_MELANGE(&folder, &place, NULL, "keygen", "no/k.rsa", "--key-size", "2048");
	cr_assert_eq(folder.code, 6, "%s", folder.err);
	cr_assert(strstr(folder.err, "no/k.rsa"), "%s", folder.err);
	RUN_MELANGE(&name, &place, NULL, "keygen", "mykey", "--key-size", "2048");
	cr_assert_eq(name.code, 0, "%s", name.err);
	cr_assert(strstr(name.err, "WARN 'mykey' does not end in .rsa"), "%s", name.err);
}
