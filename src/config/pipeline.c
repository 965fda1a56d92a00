/* Definitions: see pipeline.h. */
#include "config/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/yaml.h"
#include "config/buildfile.h"
#include "config/copy.h"
#include "config/resolve.h"
#include "config/schema.h"
#include "pipelines/builtin.h"

#define SYSTEM_DIR "/usr/share/melange/pipelines"

void mel_definitions_clear(struct mel_definitions *definitions)
{
	mel_map_clear(&definitions->found);
}

/* Relative, and no component is "..". */
static bool is_safe(const char *name)
{
	struct mel_slice rest = mel_slice_of(name), piece;

	while (mel_slice_next(&rest, '/', &piece)) {
		if (mel_slice_eq_text(piece, ".."))
			return false;
	}
	return *name && *name != '/';
}

/* As open_below, for kernels without openat2 (before 5.6): the names are resolved first. */
static int open_resolved(const char *dir, const char *path)
{
	MEL_AUTO_FREE char *joined = mel_asprintf("%s/%s", dir, path);
	MEL_AUTO_FREE char *top = realpath(dir, NULL);
	MEL_AUTO_FREE char *file = realpath(joined, NULL);
	size_t len = top ? strlen(top) : 0;

	if (!top || !file)
		return -1;
	if (strncmp(file, top, len) != 0 || (file[len] != '/' && len > 1)) {
		errno = EXDEV;
		return -1;
	}
	return mel_openat(AT_FDCWD, file, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
}

/* Open path below the folder dir, following links that stay below it; -1 with errno. */
static int open_below(const char *dir, const char *path)
{
	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	if (dirfd < 0)
		return -1;
	do
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd < 0 && (errno == ENOSYS || errno == EPERM) ? open_resolved(dir, path) : fd;
}

/* Text of the definition name in the folder dir; false if it has none that can be read. */
static bool read_from(struct mel_buf *buf, const char *dir, const char *name)
{
	MEL_AUTO_FREE char *file = mel_asprintf("%s.yaml", name);
	MEL_AUTO_CLOSE int fd = open_below(dir, file);
	MEL_AUTO_ERR struct mel_err *ignored = NULL;

	if (fd < 0) {
		if (errno == EXDEV)
			mel_log(MEL_LOG_WARN,
				"%s/%s is passed over: it leads out of the folder", dir, file);
		return false;
	}
	mel_buf_truncate(buf, 0);
	if (mel_read_all(fd, file, buf, &ignored) < 0) {
		mel_log(MEL_LOG_WARN, "%s/%s is passed over: %s", dir, file, ignored->text);
		return false;
	}
	return true;
}

static int not_found(const struct mel_definitions *definitions, const char *name,
		     const struct mel_pos *pos, struct mel_err **err)
{
	struct mel_buf places MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	for (size_t i = 0; i < definitions->dir_len; i++)
		mel_buf_printf(&places, "%s, ", definitions->dir[i]);
	return mel_err_at(err, pos,
			  "unable to load pipeline: '%s' is not available; searched: %s"
			  "%s, the built-in definitions",
			  name, mel_buf_text(&places), SYSTEM_DIR);
}

static int parse(struct mel_definition *made, struct mel_arena *arena, struct mel_slice text,
		 struct mel_err **err)
{
	if (mel_definition_read(&made->step, arena, made->path, text, err) < 0)
		return mel_err_wrap(err, "unable to parse pipeline \"%s\"", made->name);
	return 0;
}

static int load(struct mel_definition *made, struct mel_definitions *definitions,
		const struct mel_pos *pos, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_YAML_MAX_BYTES);
	const struct mel_builtin *builtin;

	for (size_t i = 0; i <= definitions->dir_len; i++) {
		const char *dir = i < definitions->dir_len ? definitions->dir[i] : SYSTEM_DIR;

		if (!read_from(&buf, dir, made->name))
			continue;
		made->path =
			mel_arena_printf(definitions->arena, "%s/%s.yaml", dir, made->name);
		return parse(made, definitions->arena, mel_buf_slice(&buf), err);
	}
	builtin = mel_builtin_find(made->name);
	if (!builtin)
		return not_found(definitions, made->name, pos, err);
	made->is_builtin = true;
	made->path = mel_arena_printf(definitions->arena, "(built-in)/%s.yaml", made->name);
	return parse(made, definitions->arena, mel_slice_make(builtin->text, builtin->len),
		     err);
}

int mel_definitions_find(const struct mel_definition **out, struct mel_definitions *definitions,
			 const char *name, const struct mel_pos *pos, struct mel_err **err)
{
	struct mel_definition *made = mel_map_get(&definitions->found, name);

	if (!made) {
		if (!is_safe(name))
			return mel_err_at(err, pos,
					  "invalid pipeline 'uses' value \"%s\": must not "
					  "contain absolute paths or '..' sequences",
					  name);
		made = mel_arena_alloc(definitions->arena, sizeof(*made));
		made->name = name;
		if (load(made, definitions, pos, err) < 0)
			return -1;
		mel_map_set(&definitions->found, name, made);
	}
	*out = made;
	return 0;
}

static bool is_given(const char *text)
{
	return text && *text;
}

static void apply_condition(struct mel_pipeline *step, const struct mel_pipeline *over,
			    struct mel_arena *arena, bool *is_if_own)
{
	*is_if_own = is_given(step->if_);
	if (!is_given(over->if_))
		return;
	if (is_given(step->if_)) {
		step->if_ = mel_arena_printf(arena, "(%s) && (%s)", step->if_, over->if_);
		return;
	}
	step->if_ = over->if_;
	step->if_pos = over->if_pos;
}

void mel_definition_apply(struct mel_pipeline *step, const struct mel_definition *definition,
			  struct mel_arena *arena, bool *is_if_own)
{
	struct mel_pipeline over = definition->step;

	mel_schema_unshare(&over, &mel_pipeline_schema, arena);
	apply_condition(step, &over, arena, is_if_own);
	if (is_given(over.uses))
		step->uses = over.uses;
	if (over.runs) {
		step->runs = over.runs;
		step->runs_pos = over.runs_pos;
	}
	if (over.label)
		step->label = over.label;
	if (!is_given(step->working_directory)) {
		step->working_directory = over.working_directory;
		step->working_directory_pos = over.working_directory_pos;
	}
	for (size_t i = 0; i < over.environment.len; i++) {
		const struct mel_text_pair *var = &over.environment.at[i];

		if (!mel_text_map_get(&step->environment, var->key))
			mel_text_map_set(arena, &step->environment, var->key, var->value,
					 var->pos);
	}
	if (over.needs)
		step->needs = over.needs;
	if (over.assertions)
		step->assertions = over.assertions;
	step->pipeline = over.pipeline;
	step->pipeline_len = over.pipeline_len;
	step->inputs = over.inputs;
	step->inputs_len = over.inputs_len;
}

/* --- inputs ------------------------------------------------------------------------------ */

static const struct mel_input *find_input(const struct mel_pipeline *step, const char *name)
{
	for (size_t i = 0; i < step->inputs_len; i++) {
		if (mel_text_eq(step->inputs[i].name, name))
			return &step->inputs[i];
	}
	return NULL;
}

static const char *nearest_input(const struct mel_pipeline *step, const char *name)
{
	for (size_t i = 0; i < step->inputs_len; i++) {
		if (mel_text_distance(step->inputs[i].name, name, 2) <= 2)
			return step->inputs[i].name;
	}
	return NULL;
}

static int check_names(const struct mel_pipeline *step, struct mel_err **err)
{
	struct mel_err *found = NULL;

	for (size_t i = 0; i < step->with.len; i++) {
		const struct mel_text_pair *given = &step->with.at[i];
		struct mel_err *one = NULL;
		const char *near;

		if (find_input(step, given->key))
			continue;
		near = nearest_input(step, given->key);
		mel_err_at(&one, &given->pos, "undefined input \"%s\" to pipeline \"%s\"%s%s%s",
			   given->key, step->uses, near ? "; did you mean '" : "",
			   near ? near : "", near ? "'?" : "");
		mel_err_append(&found, one);
	}
	*err = found;
	return found ? -1 : 0;
}

/* Inputs that are checksums, and how many hexadecimal digits they have. */
static int check_digest(const char *name, const char *value, const struct mel_pos *pos,
			struct mel_err **err)
{
	static const struct {
		const char *name;
		size_t digits;
	} digests[] = {
		{ "expected-sha256", 64 },
		{ "expected-sha512", 128 },
		{ "expected-commit", 40 },
	};

	for (size_t i = 0; i < MEL_COUNTOF(digests); i++) {
		if (!mel_text_eq(name, digests[i].name) || !*value)
			continue;
		if (strspn(value, "0123456789abcdefABCDEF") == digests[i].digits &&
		    strlen(value) == digests[i].digits)
			return 0;
		if (digests[i].digits == 40)
			return mel_err_at(err, pos,
					  "unable to validate with: expected commit \"%s\" for "
					  "pipeline contains invalid characters or invalid sha "
					  "length",
					  name);
		return mel_err_at(
			err, pos,
			"unable to validate with: checksum input \"%s\" for pipeline, "
			"invalid length or no hexadecimal number",
			name);
	}
	return 0;
}

static struct mel_resolve_node input_node(const struct mel_input *input,
					  const struct mel_pipeline *step,
					  struct mel_arena *arena)
{
	struct mel_resolve_node node = {
		.name = mel_arena_printf(arena, "inputs.%s", input->name),
		.text = input->default_value ? input->default_value : "",
		.pos = input->default_pos.file ? input->default_pos : input->pos,
		.limit = step->inputs_len,
	};

	for (size_t i = 0; i < step->with.len; i++) {
		const struct mel_text_pair *given = &step->with.at[i];

		if (!mel_text_eq(given->key, input->name) || !is_given(given->value))
			continue;
		node.text = given->value;
		node.pos = given->pos;
		node.is_outer_first = true;
	}
	return node;
}

static int check_values(const struct mel_pipeline *step, const struct mel_resolve_node *node,
			struct mel_err **err)
{
	for (size_t i = 0; i < step->inputs_len; i++) {
		const struct mel_input *input = &step->inputs[i];

		if (input->required && !*node[i].text)
			return mel_err_at(err, &step->pos,
					  "unable to validate with: required input \"%s\" for "
					  "pipeline is missing",
					  input->name);
		if (check_digest(input->name, node[i].value, &node[i].pos, err) < 0)
			return -1;
	}
	return 0;
}

int mel_inputs_resolve(struct mel_scope *scope, struct mel_pipeline *step,
		       const struct mel_scope *caller, struct mel_arena *arena,
		       struct mel_err **err)
{
	struct mel_resolve_node *node = mel_arena_array(arena, step->inputs_len, sizeof(*node));
	struct mel_text_map with = { 0 };

	if (check_names(step, err) < 0)
		return -1;
	for (size_t i = 0; i < step->inputs_len; i++)
		node[i] = input_node(&step->inputs[i], step, arena);
	if (mel_resolve(node, step->inputs_len, caller, arena, err) < 0 ||
	    check_values(step, node, err) < 0)
		return -1;
	for (size_t i = 0; i < step->inputs_len; i++) {
		const struct mel_input *input = &step->inputs[i];
		const char *plain = input->default_value ? input->default_value : "";

		mel_scope_set(scope, node[i].name, node[i].value);
		/* A step without any `with` records none, whatever the defaults give. */
		if (step->with.len && !mel_text_eq(node[i].value, plain))
			mel_text_map_set(arena, &with, input->name, node[i].value, node[i].pos);
	}
	step->with = with;
	return 0;
}
