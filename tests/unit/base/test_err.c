/* Error values and their exit statuses. */
#include <criterion/criterion.h>

#include <errno.h>

#include "base/err.h"
#include "base/mem.h"

Test(err, wrap_puts_context_in_front, .timeout = 10)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;

	errno = ENOENT;
	cr_assert_eq(mel_err_sys(&err, "cannot open '%s'", "k.rsa"), -1);
	cr_assert_eq(mel_err_wrap(&err, "cannot load key"), -1);
	cr_assert_str_eq(err->text,
			 "cannot load key: cannot open 'k.rsa': No such file or directory");
	cr_assert_eq(err->kind, MEL_ERR_SYSTEM);
	cr_assert_eq(err->errnum, ENOENT);
}

Test(err, position_in_front, .timeout = 10)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;

	mel_err_at(&err, &(struct mel_pos){ "a.yaml", 3, 7 }, "unknown key '%s'", "x");
	cr_assert_str_eq(err->text, "a.yaml:3:7: unknown key 'x'");
}

Test(err, further_problems_keep_their_order, .timeout = 10)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_err *second = NULL;

	mel_err_set(&err, MEL_ERR_INPUT, "first");
	mel_err_set(&second, MEL_ERR_USAGE, "second");
	mel_err_append(&err, second);
	cr_assert_eq(mel_err_count(err), 2u);
	cr_assert_str_eq(err->next->text, "second");
	cr_assert_eq(mel_err_exit_status(err), 3);
}

Test(err, exit_status_by_kind, .timeout = 10)
{
	static const struct {
		enum mel_err_kind kind;
		int want;
	} row[] = {
		{ MEL_ERR_STEP, 1 },      { MEL_ERR_USAGE, 2 }, { MEL_ERR_INPUT, 3 },
		{ MEL_ERR_SANDBOX, 4 },   { MEL_ERR_LINT, 5 },  { MEL_ERR_OUTPUT, 6 },
		{ MEL_ERR_TIMEOUT, 124 },
	};

	cr_assert_eq(mel_err_exit_status(NULL), 0);
	for (size_t i = 0; i < MEL_COUNTOF(row); i++) {
		MEL_AUTO_ERR struct mel_err *err = NULL;

		mel_err_set(&err, row[i].kind, "x");
		cr_assert_eq(mel_err_exit_status(err), row[i].want);
	}

	MEL_AUTO_ERR struct mel_err *stopped = NULL;

	mel_err_set(&stopped, MEL_ERR_SIGNAL, "x");
	stopped->errnum = 15;
	cr_assert_eq(mel_err_exit_status(stopped), 143);
}
