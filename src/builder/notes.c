/* Package metadata for compilers: see notes.h. */
#include "builder/notes.h"

#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"

enum { TEXT_MAX_BYTES = 64 * 1024 };

static void add_json_text(struct mel_buf *out, const char *text)
{
	mel_buf_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			mel_buf_printf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			mel_buf_printf(out, "\\u%04x", (unsigned char)*text);
		else
			mel_buf_add_char(out, *text);
	}
	mel_buf_add_char(out, '"');
}

static void add_pair(struct mel_buf *out, const char *key, const char *value)
{
	mel_buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
	add_json_text(out, value);
}

static void make_json(struct mel_buf *out, const struct mel_notes *notes)
{
	mel_buf_add_char(out, '{');
	add_pair(out, "type", "apk");
	add_pair(out, "os", *notes->os ? notes->os : "unknown");
	add_pair(out, "name", notes->name);
	add_pair(out, "version", notes->version);
	add_pair(out, "architecture", notes->arch);
	if (notes->cpe)
		add_pair(out, "appCpe", notes->cpe);
	mel_buf_add_char(out, '}');
}

/* The same data for programs that link without these files: a note section by hand. */
static void make_header(struct mel_buf *out, const char *json)
{
	mel_buf_add_text(out, "#ifndef MELANGE_PACKAGE_NOTE_H\n"
			      "#define MELANGE_PACKAGE_NOTE_H\n"
			      "#ifdef __ELF__\n"
			      "#define MELANGE_PACKAGE_NOTE_JSON ");
	add_json_text(out, json);
	mel_buf_add_text(
		out,
		"\n"
		"static const struct {\n"
		"\tunsigned int name_size, descriptor_size, type;\n"
		"\tchar name[4];\n"
		"\tchar descriptor[(sizeof(MELANGE_PACKAGE_NOTE_JSON) + 3) & ~3u];\n"
		"} melange_package_note\n"
		"\t__attribute__((used, retain, section(\".note.package\"), aligned(4))) = {\n"
		"\t4, sizeof(MELANGE_PACKAGE_NOTE_JSON), 0xcafe1a7e, \"FDO\",\n"
		"\tMELANGE_PACKAGE_NOTE_JSON\n"
		"};\n"
		"#endif\n"
		"#endif\n");
}

static int write_clang(int work_fd, const char *version_dir, struct mel_err **err)
{
	static const char *const arch[] = { "aarch64", "x86_64" };
	static const char *const driver[] = { "clang", "clang++" };
	MEL_AUTO_FREE char *dir = mel_asprintf(".config/%s", version_dir);

	if (mel_mkdirs(work_fd, dir, 0755, err) < 0)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		MEL_AUTO_FREE char *name =
			mel_asprintf("%s-unknown-linux-gnu-%s.cfg", arch[i / 2], driver[i % 2]);
		MEL_AUTO_FREE char *path = mel_asprintf("%s/%s", dir, name);
		MEL_AUTO_FREE char *text = mel_asprintf(
			"@../../.melange.clang.cfg\n@/etc/%s/%s\n", version_dir, name);

		if (mel_file_write(work_fd, path, text, strlen(text), 0644, err) < 0)
			return -1;
	}
	return 0;
}

/* Configuration for every version of clang that the guest has. */
static int write_all_clang(int work_fd, const char *tree, struct mel_err **err)
{
	MEL_AUTO_FREE char *etc = mel_asprintf("%s/etc", tree);
	DIR *dir = opendir(etc);
	const struct dirent *entry;
	int result = 0;

	while (dir && result == 0 && (entry = readdir(dir)))
		if (mel_text_starts(entry->d_name, "clang-"))
			result = write_clang(work_fd, entry->d_name, err);
	if (dir)
		closedir(dir);
	return result;
}

int mel_notes_write(int work_fd, const char *tree, const struct mel_notes *notes,
		    struct mel_err **err)
{
	struct mel_buf json MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX_BYTES);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(TEXT_MAX_BYTES * 4);

	make_json(&json, notes);
	/* A linker specification gives a meaning to these: leave the file out then. */
	if (strpbrk(mel_buf_text(&json) + 1, "%") || strchr(mel_buf_text(&json) + 1, '{')) {
		mel_log(MEL_LOG_WARN,
			"name, version or namespace hold '%%' or '{': no compiler "
			"notes are written");
		return 0;
	}
	mel_buf_printf(&text, "*link:\n+ %%{!r:--package-metadata=%s}\n", mel_buf_text(&json));
	if (mel_file_write(work_fd, ".melange.gcc.spec", mel_buf_text(&text), text.len, 0644,
			   err) < 0)
		return -1;
	mel_buf_truncate(&text, 0);
	mel_buf_printf(&text, "-Xlinker --package-metadata='%s'\n", mel_buf_text(&json));
	if (mel_file_write(work_fd, ".melange.clang.cfg", mel_buf_text(&text), text.len, 0644,
			   err) < 0)
		return -1;
	mel_buf_truncate(&text, 0);
	make_header(&text, mel_buf_text(&json));
	if (mel_file_write(work_fd, ".melange.fdo.h", mel_buf_text(&text), text.len, 0644,
			   err) < 0)
		return -1;
	return write_all_clang(work_fd, tree, err);
}
