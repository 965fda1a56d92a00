/*
 * Any bytes as YAML, as a definition and as a build file. What is accepted as a build file must
 * come back from its own record: reading the record and writing it again changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/buildfile.h"
#include "config/record.h"
#include "tests/fuzz/fuzz.h"

static void read_definition(struct mel_slice text)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_pipeline step;

	mel_definition_read(&step, &arena, "fuzz", text, &err);
}

static int record(struct mel_buf *out, struct mel_slice text)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_config *config;

	if (mel_buildfile_read(&config, &arena, "fuzz", text, &err) < 0) {
		if (!err)
			abort();
		return -1;
	}
	if (mel_config_validate(config, &err) < 0 && !err)
		abort();
	return mel_record_yaml(out, config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mel_buf first MEL_AUTO_BUF = MEL_BUF_INIT(1 << 22);
	struct mel_buf second MEL_AUTO_BUF = MEL_BUF_INIT(1 << 23);
	struct mel_slice text = mel_slice_make((const char *)data, size);

	read_definition(text);
	if (record(&first, text) < 0)
		return 0;
	if (record(&second, mel_buf_slice(&first)) < 0 ||
	    strcmp(mel_buf_text(&first), mel_buf_text(&second)) != 0)
		abort();
	return 0;
}
