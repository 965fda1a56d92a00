/*
 * Files of the guest's other ids: see foreign.h.
 */
#include "builder/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	LIST_MAX = 64 << 20, /* bytes of names */
	PATIENCE_MS = 120000,
};

static void keep(void *user, int stream, const char *bytes, size_t len)
{
	struct mel_buf *out = (struct mel_buf *)user + (stream != 1);

	mel_buf_add(out, bytes, len);
}

/* Take "MODE PATH" records, each with a NUL behind. */
static int read_list(struct mel_foreign *out, const struct mel_buf *list, struct mel_err **err)
{
	const char *end = list->ptr + list->len;

	for (const char *at = list->ptr; at < end; at += strlen(at) + 1) {
		char *path;
		unsigned long bits = strtoul(at, &path, 8);
		mode_t *mode = mel_arena_alloc(&out->arena, sizeof(*mode));

		if (end[-1] != '\0' || path == at || *path != ' ' || bits > 07777)
			return mel_err_set(err, MEL_ERR_INPUT,
					   "the guest gave no list of its files");
		*mode = (mode_t)bits;
		mel_map_set(&out->mode, mel_arena_strdup(&out->arena, path + 1), mode);
	}
	return 0;
}

static int run(const struct mel_guest *guest, struct mel_buf text[2], struct sbx_status *status,
	       struct sbx_err *why)
{
	static const char *const argv[] = { "/.melange/helper", "open-up",
					    MEL_GUEST_WORK "/melange-out", NULL };
	static const char *const env[] = { NULL };
	const struct sbx_step step = {
		.argv = argv,
		.env = env,
		.workdir = "/",
		.output = keep,
		.user = text,
	};

	if (sbx_exec(guest->sbx, &step, why) < 0 ||
	    sbx_wait(guest->sbx, PATIENCE_MS, -1, status, why) < 0)
		return -1;
	return 0;
}

int mel_foreign_open_up(struct mel_foreign *out, const struct mel_guest *guest,
			struct mel_err **err)
{
	struct mel_buf text[2] = { MEL_BUF_INIT(LIST_MAX), MEL_BUF_INIT(4096) };
	struct sbx_status status = { 0 };
	struct sbx_err why = { 0 };
	int result = 0;

	*out = (struct mel_foreign){ 0 };
	if (guest->ids.mode != SBX_IDS_HELPER)
		return 0;
	if (run(guest, text, &status, &why) < 0)
		result = mel_err_set(err, MEL_ERR_SANDBOX, "%s", why.text);
	else if (mel_buf_check(&text[0], "list of files of other users", err) < 0)
		result = -1;
	else if (status.end != SBX_EXITED || status.code != 0)
		result = mel_err_set(err, MEL_ERR_INPUT,
				     "cannot read files of other users below melange-out: %s",
				     mel_buf_text(&text[1]));
	else
		result = read_list(out, &text[0], err);
	mel_buf_clear(&text[0]);
	mel_buf_clear(&text[1]);
	return result;
}

mode_t mel_foreign_mode(const struct mel_foreign *foreign, const char *package,
			const char *path, mode_t mode)
{
	struct mel_buf name MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const mode_t *found;

	if (foreign->mode.len == 0)
		return mode;
	mel_buf_printf(&name, "%s/%s", package, path);
	found = mel_map_get(&foreign->mode, mel_buf_text(&name));
	return found ? *found : mode;
}

void mel_foreign_clear(struct mel_foreign *foreign)
{
	mel_map_clear(&foreign->mode);
	mel_arena_clear(&foreign->arena);
}
