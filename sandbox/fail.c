/*
 * Words of an error: what was being done, to which path, why it failed, at which stage.
 * Source: errno(3).
 */
#include "sandbox/internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *id, *what;
} stage_text[SBX_STAGE_COUNT] = {
	[SBX_STAGE_NONE] = { "-", "sandbox" },
	[SBX_STAGE_SPEC] = { "X1", "settings" },
	[SBX_STAGE_START] = { "A1", "start of the set-up process" },
	[SBX_STAGE_FDS] = { "A3", "set-up process" },
	[SBX_STAGE_SOURCE] = { "A7", "id-mapped mounts" },
	[SBX_STAGE_CLONE] = { "A11", "new user namespace" },
	[SBX_STAGE_HELPER] = { "A12", "id maps" },
	[SBX_STAGE_MAP] = { "B2", "id maps" },
	[SBX_STAGE_IDS] = { "B3", "ids of pid 1" },
	[SBX_STAGE_PRIVATE] = { "C1", "private mounts" },
	[SBX_STAGE_ROOT] = { "C2", "guest root" },
	[SBX_STAGE_PROC] = { "C4", "proc" },
	[SBX_STAGE_DEV] = { "C5", "device" },
	[SBX_STAGE_BIND] = { "C6", "mount" },
	[SBX_STAGE_SYS] = { "C7", "sys" },
	[SBX_STAGE_PIVOT] = { "C8", "change of root" },
	[SBX_STAGE_NAME] = { "C9", "host name" },
	[SBX_STAGE_NSLIMIT] = { "C10", "limit of user namespaces" },
	[SBX_STAGE_HOLDER] = { "C11", "namespaces of steps" },
	[SBX_STAGE_NET] = { "C12a", "network" },
	[SBX_STAGE_PROCMASK] = { "C12b", "restriction of proc" },
	[SBX_STAGE_DROP] = { "C14", "rights of pid 1" },
	[SBX_STAGE_FORK] = { "D0", "process of the step" },
	[SBX_STAGE_ENTER] = { "D1", "namespaces of the step" },
	[SBX_STAGE_STDIO] = { "D3", "stdio of the step" },
	[SBX_STAGE_LIMITS] = { "D4", "resource limit" },
	[SBX_STAGE_RUNID] = { "D5", "ids of the step" },
	[SBX_STAGE_CAPS] = { "D6", "capabilities of the step" },
	[SBX_STAGE_WORKDIR] = { "D7", "working directory" },
	[SBX_STAGE_NNP] = { "D8", "no_new_privs" },
	[SBX_STAGE_LANDLOCK] = { "D9", "Landlock" },
	[SBX_STAGE_FILTER] = { "D11", "system call filter" },
	[SBX_STAGE_EXEC] = { "D12", "program of the step" },
	[SBX_STAGE_CONTROL] = { "X2", "control of the sandbox" },
	[SBX_STAGE_REMOVE] = { "X3", "remove" },
};

static const char *const op_text[WIRE_OP_COUNT] = {
	[WIRE_OP_ROOT] = "guest root",     [WIRE_OP_BIND] = "bind",
	[WIRE_OP_OVERLAY] = "overlay",     [WIRE_OP_FS] = "mount",
	[WIRE_OP_NODE] = "device",         [WIRE_OP_LINK] = "link",
	[WIRE_OP_MASK] = "mask",           [WIRE_OP_FREEZE] = "mask",
	[WIRE_OP_REMOVE] = "remove",       [WIRE_OP_HOSTNAME] = "host name",
	[WIRE_OP_TRY_OVERLAY] = "overlay",
};

static const char *call_text(enum wire_call call)
{
	static const char *const text[] = {
#define CALL_TEXT(name, words) [WIRE_CALL_##name] = words,
		WIRE_CALLS(CALL_TEXT)
#undef CALL_TEXT
	};

	return (size_t)call < SBX_COUNTOF(text) && text[call] ? text[call] : "";
}

static void add(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s", text);
}

/* Bytes that would disturb a terminal or a log are shown as \xNN. */
static void add_path(char *out, size_t size, const char *path)
{
	for (const unsigned char *s = (const unsigned char *)path; *s; s++) {
		char piece[8];

		snprintf(piece, sizeof(piece),
			 *s < 0x20 || *s == 0x7f || *s == '\\' ? "\\x%02x" : "%c", *s);
		add(out, size, piece);
	}
}

int sbx_fail(struct sbx_err *err, enum sbx_stage stage, enum wire_call call, int errnum,
	     const char *what, const char *path)
{
	if (!err)
		return -1;
	*err = (struct sbx_err){ .stage = (int)stage, .mount = -1, .errnum = errnum };
	add(err->text, SBX_ERR_TEXT, what);
	if (path) {
		add(err->text, SBX_ERR_TEXT - 120, " '");
		add_path(err->text, SBX_ERR_TEXT - 120, path);
		add(err->text, SBX_ERR_TEXT, "'");
	}
	if (errnum) {
		add(err->text, SBX_ERR_TEXT, ": ");
		add(err->text, SBX_ERR_TEXT, strerror(errnum));
	}
	add(err->text, SBX_ERR_TEXT, " [");
	if (call_text(call)[0]) {
		add(err->text, SBX_ERR_TEXT, call_text(call));
		add(err->text, SBX_ERR_TEXT, ", ");
	}
	add(err->text, SBX_ERR_TEXT, "stage ");
	add(err->text, SBX_ERR_TEXT, stage_text[stage].id);
	add(err->text, SBX_ERR_TEXT, "]");
	return -1;
}

/* The path a failing op was about: the source while it is opened, else the target. */
static const char *op_path(const struct sbx_order *order, const struct wire_op *op, int call)
{
	bool source = call == WIRE_CALL_OPEN || call == WIRE_CALL_OPEN_TREE ||
		      call == WIRE_CALL_SETATTR || call == WIRE_CALL_IDMAP;

	if ((source || !op->dst) && op->src)
		return sbx_order_text(order, op->src);
	return op->dst ? sbx_order_text(order, op->dst) : NULL;
}

int sbx_fail_remote(struct sbx_err *err, const struct wire_error *e,
		    const struct sbx_order *order)
{
	enum sbx_stage stage = e->stage < SBX_STAGE_COUNT ? e->stage : SBX_STAGE_NONE;
	const char *what = stage_text[stage].what;
	const char *path = NULL;
	size_t op = (size_t)e->op;

	if (!err)
		return -1;
	if (order && e->op >= 0 && op < order->op_len) {
		const struct wire_op *o = sbx_order_op(order, op);

		path = op_path(order, o, e->call);
		if (o->type < WIRE_OP_COUNT && op_text[o->type])
			what = op_text[o->type];
	}
	sbx_fail(err, stage, e->call, e->errnum, what, path);
	if (order && e->op >= 0 && op >= order->first_mount &&
	    op - order->first_mount < order->mount_len)
		err->mount = (int)(op - order->first_mount);
	err->hint = (int)sbx_diagnose(stage, e->call, e->errnum);
	return -1;
}
