/* Writing packages: see package.h. */
#include "apk/package.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apk/read.h"
#include "apk/sign.h"
#include "base/io.h"
#include "base/mem.h"
#include "codec/gzip.h"
#include "codec/stream.h"

enum {
	DIR_INSTALLED_BYTES = 4096, /* whatever the file system at hand says */
	CHUNK_BYTES = 256 * 1024,
};

/* --- data section ----------------------------------------------------------------------- */

/* tar -> gzip -> SHA-256 -> file */
struct mel_package_data {
	struct mel_tar tar;
	struct mel_gzip gzip;
	struct mel_digest_tap tap;
	struct mel_fd_sink file;
	struct mel_digest datahash, sha1;
	struct mel_package_data_sum sum;
	unsigned char *chunk; /* CHUNK_BYTES, owned */
};

/* How many processors this process may use. */
static unsigned worker_max(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

void mel_package_data_begin(struct mel_package_data **out, int fd)
{
	struct mel_package_data *data = mel_alloc(sizeof(*data));

	mel_digest_init(&data->datahash, MEL_SHA256);
	mel_fd_sink_init(&data->file, fd, "data section");
	mel_digest_tap_init(&data->tap, &data->datahash, &data->file.stream);
	mel_gzip_init(&data->gzip, &data->tap.stream, worker_max());
	data->tar = (struct mel_tar)MEL_TAR_INIT(&data->gzip.stream);
	data->sum.installed_bytes = DIR_INSTALLED_BYTES; /* of the root, which is no entry */
	*out = data;
}

static uint64_t installed_bytes(const struct mel_tar_entry *entry)
{
	switch (entry->type) {
	case MEL_TAR_FILE:
	case MEL_TAR_HARDLINK:
		return entry->size;
	case MEL_TAR_SYMLINK:
		return strlen(entry->linkname);
	case MEL_TAR_DIR:
		return DIR_INSTALLED_BYTES;
	default:
		return 0;
	}
}

void mel_package_data_entry(struct mel_package_data *data, const struct mel_tar_entry *entry)
{
	struct mel_tar_entry full = *entry;
	unsigned char sha1[MEL_SHA1_BYTES];

	if (entry->type == MEL_TAR_SYMLINK && !entry->sha1) {
		mel_digest_of(MEL_SHA1, mel_slice_of(entry->linkname), sha1);
		full.sha1 = sha1;
	} else if (entry->type == MEL_TAR_FILE && entry->size == 0 && !entry->sha1) {
		mel_digest_of(MEL_SHA1, mel_slice_of(""), sha1);
		full.sha1 = sha1;
	}
	data->sum.installed_bytes += installed_bytes(&full);
	data->sum.entry_len++;
	mel_tar_begin(&data->tar, &full);
}

void mel_package_data_bytes(struct mel_package_data *data, const void *bytes, size_t len)
{
	mel_tar_content(&data->tar, bytes, len);
}

static int changed(const char *name, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' changed while it was packed", name);
}

/* Read size bytes of fd once; each chunk goes to data's SHA-1 and, if is_content, to the tar.
 */
static int pass(struct mel_package_data *data, const char *name, int fd, uint64_t size,
		bool is_content, unsigned char sha1[MEL_SHA1_BYTES], struct mel_err **err)
{
	struct mel_fd_source source;
	uint64_t left = size;

	mel_fd_source_init(&source, fd, 0, UINT64_MAX, name);
	mel_digest_init(&data->sha1, MEL_SHA1);
	for (;;) {
		ssize_t got =
			mel_source_read_full(&source.source, data->chunk, CHUNK_BYTES, err);

		if (got < 0)
			return -1;
		if ((uint64_t)got > left)
			return changed(name, err);
		mel_digest_update(&data->sha1, data->chunk, (size_t)got);
		if (is_content)
			mel_package_data_bytes(data, data->chunk, (size_t)got);
		left -= (uint64_t)got;
		if (got < CHUNK_BYTES || mel_stream_has_failed(&data->gzip.stream))
			break;
	}
	if (left && !mel_stream_has_failed(&data->gzip.stream))
		return changed(name, err);
	mel_digest_final(&data->sha1, sha1);
	return 0;
}

/* One that fits a chunk is read once: the checksum has to stand before the content. */
static int small_file(struct mel_package_data *data, struct mel_tar_entry *entry, int fd,
		      unsigned char *sha1, struct mel_err **err)
{
	if (pass(data, entry->name, fd, entry->size, false, sha1, err) < 0)
		return -1;
	mel_package_data_entry(data, entry);
	mel_package_data_bytes(data, data->chunk, entry->size);
	return 0;
}

static int large_file(struct mel_package_data *data, struct mel_tar_entry *entry, int fd,
		      unsigned char *sha1, struct mel_err **err)
{
	unsigned char again[MEL_SHA1_BYTES];

	if (pass(data, entry->name, fd, entry->size, false, sha1, err) < 0)
		return -1;
	mel_package_data_entry(data, entry);
	if (pass(data, entry->name, fd, entry->size, true, again, err) < 0)
		return -1;
	if (memcmp(sha1, again, sizeof(again)) != 0 &&
	    !mel_stream_has_failed(&data->gzip.stream))
		return changed(entry->name, err);
	return 0;
}

int mel_package_data_file(struct mel_package_data *data, const struct mel_tar_entry *entry,
			  int fd, unsigned char sha1[MEL_SHA1_BYTES], struct mel_err **err)
{
	struct mel_tar_entry full = *entry;
	unsigned char own[MEL_SHA1_BYTES];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return mel_err_sys(err, "cannot read '%s'", entry->name);
	if (!S_ISREG(st.st_mode))
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is not a regular file",
				   entry->name);
	if (!data->chunk)
		data->chunk = mel_realloc(NULL, CHUNK_BYTES, 1);
	full.size = (uint64_t)st.st_size;
	full.sha1 = sha1 ? sha1 : own;
	return (full.size < CHUNK_BYTES ? small_file : large_file)(data, &full, fd,
								   sha1 ? sha1 : own, err);
}

int mel_package_data_end(struct mel_package_data *data, struct mel_package_data_sum *sum,
			 struct mel_err **err)
{
	unsigned char hash[MEL_SHA256_BYTES];

	if (mel_tar_close(&data->tar, true, err) < 0 || mel_gzip_close(&data->gzip, err) < 0)
		return mel_err_wrap(err, "cannot write the data section");
	mel_digest_final(&data->datahash, hash);
	mel_hex(data->sum.datahash, hash, sizeof(hash));
	data->sum.bytes = data->file.stream.written;
	*sum = data->sum;
	return 0;
}

void mel_package_data_free(struct mel_package_data *data)
{
	if (!data)
		return;
	mel_gzip_clear(&data->gzip);
	mel_digest_clear(&data->datahash);
	mel_digest_clear(&data->sha1);
	mel_stream_clear(&data->file.stream);
	free(data->chunk);
	free(data);
}

void mel_package_data_auto(struct mel_package_data **data)
{
	mel_package_data_free(*data);
}

/* --- the whole package ------------------------------------------------------------------ */

static const char *const script_name[MEL_SCRIPT_COUNT] = {
	[MEL_SCRIPT_POST_DEINSTALL] = ".post-deinstall",
	[MEL_SCRIPT_POST_INSTALL] = ".post-install",
	[MEL_SCRIPT_POST_UPGRADE] = ".post-upgrade",
	[MEL_SCRIPT_PRE_DEINSTALL] = ".pre-deinstall",
	[MEL_SCRIPT_PRE_INSTALL] = ".pre-install",
	[MEL_SCRIPT_PRE_UPGRADE] = ".pre-upgrade",
	[MEL_SCRIPT_TRIGGER] = ".trigger",
};

int mel_package_control(struct mel_buf *out, const struct mel_package_spec *spec,
			struct mel_err **err)
{
	struct mel_buf info MEL_AUTO_BUF = MEL_BUF_INIT(MEL_PKGINFO_MAX_BYTES);
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);

	if (mel_pkginfo_write(spec->info, &info, err) < 0)
		return -1;
	mel_buf_sink_init(&sink, out, "control section");
	mel_tar_file(&tar, ".PKGINFO", 0644, spec->mtime, mel_buf_slice(&info));
	mel_tar_file(&tar, ".melange.yaml", 0644, spec->mtime, spec->melange_yaml);
	for (size_t i = 0; i < MEL_SCRIPT_COUNT; i++)
		if (spec->script[i] && spec->script[i][0])
			mel_tar_file(&tar, script_name[i], 0755, spec->mtime,
				     mel_slice_of(spec->script[i]));

	int result = mel_tar_close(&tar, false, err);

	mel_stream_clear(&sink.stream);
	return result;
}

static int put_sections(int out_fd, int data_fd, const struct mel_buf *head,
			struct mel_package_sum *sum, struct mel_err **err)
{
	if (mel_write_full(out_fd, head->ptr, head->len) < 0) {
		mel_err_sys(err, "cannot write the package");
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	if (lseek(data_fd, 0, SEEK_SET) < 0)
		return mel_err_sys(err, "cannot read the data section");
	if (mel_copy_fd(out_fd, data_fd, &sum->data_bytes, err) < 0) {
		mel_err_wrap(err, "cannot write the package");
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	sum->bytes = sum->signature_bytes + sum->control_bytes + sum->data_bytes;
	return 0;
}

int mel_package_write(int out_fd, int data_fd, const struct mel_package_spec *spec,
		      struct mel_package_sum *sum, struct mel_err **err)
{
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(MEL_APK_CONTROL_MAX_BYTES);
	struct mel_buf control MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_buf head MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	*sum = (struct mel_package_sum){ 0 };
	if (mel_package_control(&tar, spec, err) < 0 ||
	    mel_gzip_pack(&control, mel_buf_slice(&tar), err) < 0)
		return -1;
	mel_digest_of(MEL_SHA1, mel_buf_slice(&control), sum->identity);
	if (spec->key &&
	    mel_sign_make(&head, spec->key, mel_buf_slice(&control), spec->mtime, err) < 0)
		return -1;
	sum->signature_bytes = head.len;
	sum->control_bytes = control.len;
	mel_buf_add_slice(&head, mel_buf_slice(&control));
	return put_sections(out_fd, data_fd, &head, sum, err);
}
