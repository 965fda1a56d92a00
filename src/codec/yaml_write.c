/* Structure of written YAML: see yaml_write.h. Each value ends its line. */
#include "codec/yaml_write.h"

#include <stdlib.h>

#include "base/mem.h"

enum { STEP = 2, MAX_SIMPLE_KEY = 1000 }; /* longer keys need the "? " form; YAML says 1024 */

struct mel_yaml_level {
	unsigned column; /* of its items */
	bool is_list;
	bool is_empty;
	bool is_inline; /* its first item goes on the line that is begun */
};

static struct mel_yaml_level *top(const struct mel_yaml *yaml)
{
	return yaml->depth ? &yaml->level[yaml->depth - 1] : NULL;
}

static void spaces(struct mel_buf *out, unsigned count)
{
	while (count--)
		mel_buf_add_char(out, ' ');
}

/* Go to where the next item of the innermost list or mapping starts. */
static void begin_item(struct mel_yaml *yaml, struct mel_yaml_level *level)
{
	bool is_begun = level->is_empty && level->is_inline;

	if (level->is_empty && !level->is_inline)
		mel_buf_add_char(yaml->out, '\n');
	level->is_empty = false;
	if (!is_begun)
		spaces(yaml->out, level->column);
}

/* The dash or the blank in front of a value. is_block: what follows starts a new line. */
static void begin_value(struct mel_yaml *yaml, bool is_block)
{
	struct mel_yaml_level *level = top(yaml);

	if (level && level->is_list) {
		begin_item(yaml, level);
		mel_buf_add_text(yaml->out, "- ");
	} else if (level && !is_block) {
		mel_buf_add_char(yaml->out, ' ');
	}
}

void mel_yaml_begin(struct mel_yaml *yaml, char open)
{
	const struct mel_yaml_level *parent = top(yaml);
	struct mel_yaml_level level = { .column = parent ? parent->column + STEP : 0,
					.is_list = open == '[',
					.is_empty = true,
					.is_inline = !parent || parent->is_list };

	begin_value(yaml, true);
	if (yaml->depth == yaml->room) {
		yaml->room = yaml->room ? yaml->room * 2 : 16;
		yaml->level = mel_realloc(yaml->level, yaml->room, sizeof(*yaml->level));
	}
	yaml->level[yaml->depth++] = level;
}

void mel_yaml_end(struct mel_yaml *yaml)
{
	struct mel_yaml_level level = yaml->level[--yaml->depth];

	if (level.is_empty)
		mel_buf_printf(yaml->out, "%s%s\n", level.is_inline ? "" : " ",
			       level.is_list ? "[]" : "{}");
	if (yaml->depth == 0) {
		free(yaml->level);
		yaml->level = NULL;
		yaml->room = 0;
	}
}

void mel_yaml_key(struct mel_yaml *yaml, const char *key)
{
	struct mel_yaml_level *level = top(yaml);
	size_t before;

	begin_item(yaml, level);
	before = yaml->out->len;
	mel_yaml_quote(yaml->out, mel_slice_of(key));
	if (yaml->out->len - before > MAX_SIMPLE_KEY) {
		mel_buf_truncate(yaml->out, before);
		mel_buf_add_text(yaml->out, "? ");
		mel_yaml_quote(yaml->out, mel_slice_of(key));
		mel_buf_add_char(yaml->out, '\n');
		spaces(yaml->out, level->column);
	}
	mel_buf_add_char(yaml->out, ':');
}

void mel_yaml_text(struct mel_yaml *yaml, const char *value)
{
	const struct mel_yaml_level *level = top(yaml);

	begin_value(yaml, false);
	mel_yaml_scalar(yaml->out, mel_slice_of(value), level ? level->column + STEP : STEP);
	mel_buf_add_char(yaml->out, '\n');
}

void mel_yaml_raw(struct mel_yaml *yaml, const char *value)
{
	begin_value(yaml, false);
	mel_buf_printf(yaml->out, "%s\n", value);
}
