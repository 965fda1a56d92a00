#include "sandbox/internal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(words, hints, .timeout = 5)
{
	cr_assert_null(sbx_hint_text(SBX_HINT_NONE));
	cr_assert_null(sbx_hint_text(SBX_HINT_COUNT));
	cr_assert_null(sbx_hint_text(-1));
	for (int hint = 1; hint < SBX_HINT_COUNT; hint++) {
		const char *text = sbx_hint_text(hint);

		cr_assert(text && strlen(text) > 20, "hint %d has no words", hint);
		cr_assert_neq(text[strlen(text) - 1], '.', "hint %d ends with a full stop",
			      hint);
		cr_assert_null(strchr(text, '\n'), "hint %d has two lines", hint);
	}
}

Test(words, stages, .timeout = 5)
{
	for (int stage = 0; stage < SBX_STAGE_COUNT; stage++) {
		struct sbx_err err;

		cr_assert_eq(sbx_fail(&err, (enum sbx_stage)stage, WIRE_CALL_OPEN, ENOENT,
				      "thing", "/a"),
			     -1);
		cr_assert_eq(err.mount, -1);
		cr_assert(strstr(err.text,
				 "thing '/a': No such file or directory [open, stage ") ==
				  err.text,
			  "%s", err.text);
		cr_assert_null(strstr(err.text, "(null)"), "stage %d: %s", stage, err.text);
	}
}

Test(words, paths, .timeout = 5)
{
	char path[4096];
	struct sbx_err err;

	sbx_fail(&err, SBX_STAGE_BIND, WIRE_CALL_NONE, 0, "bind", "/a\n\x1b[31m\\b");
	cr_assert_str_eq(err.text, "bind '/a\\x0a\\x1b[31m\\x5cb' [stage C6]");
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	sbx_fail(&err, SBX_STAGE_BIND, WIRE_CALL_MOVE, ENOTDIR, "bind", path);
	cr_assert(strstr(err.text, "': Not a directory [move_mount, stage C6]"), "%s",
		  err.text);
	sbx_fail(NULL, SBX_STAGE_BIND, WIRE_CALL_MOVE, ENOTDIR, "bind", path);
}

Test(words, remote, .timeout = 5)
{
	const struct sbx_mount mount[] = {
		{ .type = SBX_BIND, .source = "/from", .target = "/to" },
		{ .type = SBX_OVERLAY,
		  .source = "/l",
		  .upper = "/u",
		  .work = "/w",
		  .target = "/o" },
	};
	struct sbx_spec spec = { .root = "/the/root", .mount = mount, .mount_len = 2 };
	struct wire_error e = { .stage = SBX_STAGE_BIND,
				.call = WIRE_CALL_MOVE,
				.errnum = ELOOP };
	struct sbx_order order;
	struct sbx_err err;

	sbx_ids_single(&spec.ids, 1000, 1000);
	cr_assert_eq(sbx_order_guest(&order, &spec, &err), 0);
	e.op = (int32_t)order.first_mount;
	sbx_fail_remote(&err, &e, &order);
	cr_assert_eq(err.mount, 0);
	cr_assert(strstr(err.text, "bind '/to': ") == err.text, "%s", err.text);
	e.call = WIRE_CALL_OPEN_TREE;
	sbx_fail_remote(&err, &e, &order);
	cr_assert(strstr(err.text, "bind '/from': ") == err.text, "%s", err.text);
	e.op++;
	e.call = WIRE_CALL_MOUNT;
	sbx_fail_remote(&err, &e, &order);
	cr_assert_eq(err.mount, 1);
	cr_assert(strstr(err.text, "overlay '/o': ") == err.text, "%s", err.text);
	e = (struct wire_error){ .stage = 999, .call = 999, .errnum = EIO, .op = 99999 };
	sbx_fail_remote(&err, &e, &order);
	cr_assert_eq(err.mount, -1);
	sbx_order_clear(&order);
}

/* Every op of an order has a function and its texts inside the payload. */
Test(words, order, .timeout = 5)
{
	struct sbx_spec spec = { .root = "/the/root" };
	struct sbx_order order;
	struct sbx_err err;

	sbx_ids_single(&spec.ids, 1000, 1000);
	cr_assert_eq(sbx_order_guest(&order, &spec, &err), 0);
	cr_assert_gt(order.op_len, 30);
	for (size_t i = 0; i < order.op_len; i++) {
		const struct wire_op *op = sbx_order_op(&order, i);

		cr_assert_lt(op->type, WIRE_OP_COUNT);
		cr_assert_lt(op->stage, SBX_STAGE_COUNT);
		cr_assert_lt(op->src, order.blob.len);
		cr_assert_lt(op->dst, order.blob.len);
		cr_assert_eq(op->fd[0], -1);
	}
	sbx_order_clear(&order);
	spec.root = "relative";
	cr_assert_eq(sbx_order_guest(&order, &spec, &err), -1);
	cr_assert_str_eq(err.text, "guest root 'relative': Invalid argument [stage X1]");
}
