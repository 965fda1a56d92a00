/* Keys and signatures, held against the openssl program. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "codec/rsa.h"
#include "tests/unit/table.h"

static char place[] = "/tmp/mel-rsa-XXXXXX";

static void enter(void)
{
	cr_assert(mkdtemp(place));
	cr_assert_eq(chdir(place), 0);
}

static void leave(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(mel_rmtree(AT_FDCWD, place, &err), 0);
}

TestSuite(rsa, .init = enter, .fini = leave, .timeout = 60);

/* One shell command in the test's directory; its exit status. */
static int shell(const char *command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void save(const char *path, struct mel_slice bytes)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_file_write(AT_FDCWD, path, bytes.ptr, bytes.len, 0644, &err), 0);
}

static const struct {
	const char *name, *make; /* command that leaves k.rsa */
	const char *passphrase;
	const char *error;
} forms[] = {
	{ "PKCS#1", "openssl genrsa -traditional -out k.rsa 2048", NULL, NULL },
	{ "PKCS#8", "openssl genpkey -quiet -algorithm RSA -out k.rsa", NULL, NULL },
	{ "3072 bits", "openssl genrsa -traditional -out k.rsa 3072", NULL, NULL },
	{ "text in front", "(echo hello; openssl genrsa -traditional 2048) > k.rsa", NULL,
	  NULL },
	{ "old encryption", "openssl genrsa -traditional -aes128 -passout pass:word -out k.rsa",
	  "word", NULL },
	{ "new encryption", "openssl genrsa -aes128 -passout pass:word -out k.rsa", "word",
	  NULL },
	{ "old encryption, none given",
	  "openssl genrsa -traditional -aes128 -passout pass:word -out k.rsa", NULL,
	  "'k.rsa': key is encrypted but no passphrase was provided" },
	{ "new encryption, none given", "openssl genrsa -aes128 -passout pass:word -out k.rsa",
	  NULL, "'k.rsa': key is encrypted but no passphrase was provided" },
	{ "wrong passphrase", "openssl genrsa -aes128 -passout pass:word -out k.rsa", "wrong",
	  "'k.rsa': cannot decrypt the key" },
	{ "empty file", "> k.rsa", NULL, "'k.rsa': no PEM block found" },
	{ "no PEM", "echo hello > k.rsa", NULL, "'k.rsa': no PEM block found" },
	{ "damaged",
	  "printf -- '-----BEGIN RSA PRIVATE KEY-----\\nAAAA\\n"
	  "-----END RSA PRIVATE KEY-----\\n' > k.rsa",
	  NULL, "'k.rsa': cannot read the private key" },
	{ "public key", "openssl genrsa 2048 | openssl rsa -pubout -out k.rsa", NULL,
	  "'k.rsa': not an RSA private key but a PUBLIC KEY" },
	{ "other kind", "openssl genpkey -algorithm ed25519 -out k.rsa", NULL,
	  "'k.rsa': not an RSA private key" },
	{ "missing", "true", NULL,
	  "could not open signing key: cannot open 'k.rsa': No such file or directory" },
	{ "a directory", "mkdir k.rsa", NULL, "'k.rsa'" },
};

TABLE_TEST(rsa, key_file, forms)
{
	struct mel_key *key MEL_AUTO_KEY = NULL;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf sig MEL_AUTO_BUF = MEL_BUF_INIT(2048);
	MEL_AUTO_FREE char *command = mel_asprintf("exec 2>/dev/null; %s", forms[*row].make);

	cr_assert_eq(shell(command), 0, "%s", forms[*row].name);
	shell("chmod 600 k.rsa 2>/dev/null");

	int result = mel_key_load_encrypted(&key, "./k.rsa" + (forms[*row].error ? 2 : 0),
					    forms[*row].passphrase, &err);

	if (forms[*row].error) {
		cr_assert_eq(result, -1, "%s", forms[*row].name);
		cr_assert(strstr(err->text, forms[*row].error), "%s: %s", forms[*row].name,
			  err->text);
		return;
	}
	cr_assert_eq(result, 0, "%s: %s", forms[*row].name, err ? err->text : "");
	cr_assert_str_eq(mel_key_name(key), "k.rsa");
	save("text", mel_slice_of("what is signed"));
	cr_assert_eq(mel_key_sign(key, mel_slice_of("what is signed"), &sig, &err), 0);
	save("sig", mel_buf_slice(&sig));
	cr_assert_eq(
		shell("openssl rsa -passin pass:word -in k.rsa -pubout -out k.pub "
		      "2>/dev/null && openssl dgst -sha256 -verify k.pub -signature sig text "
		      ">/dev/null && openssl dgst -sha256 -passin pass:word -sign k.rsa "
		      "-out sig2 text && cmp sig sig2"),
		0, "%s", forms[*row].name);
	cr_assert_eq(
		mel_key_verify(key, mel_slice_of("what is signed"), mel_buf_slice(&sig), &err),
		0);
	cr_assert_eq(
		mel_key_verify(key, mel_slice_of("What is signed"), mel_buf_slice(&sig), &err),
		-1);
	cr_assert_eq(err->kind, MEL_ERR_CRYPTO);
}

static unsigned warned;

static void count_warnings(void *user, const struct mel_log_record *record)
{
	(void)user;
	warned += record->level == MEL_LOG_WARN;
}

Test(rsa, warns_about_readable_and_misnamed_files)
{
	static const struct {
		const char *command, *path;
		unsigned want;
	} files[] = {
		{ "openssl genrsa -traditional -out k.rsa 2048 2>/dev/null; chmod 600 k.rsa",
		  "k.rsa", 0 },
		{ "chmod 640 k.rsa", "k.rsa", 1 },
		{ "chmod 604 k.rsa", "k.rsa", 1 },
		{ "mv k.rsa k.pem", "k.pem", 2 },
		{ "chmod 600 k.pem", "k.pem", 1 },
	};

	mel_log_set_sink(count_warnings, NULL);
	for (size_t i = 0; i < MEL_COUNTOF(files); i++) {
		struct mel_key *key MEL_AUTO_KEY = NULL;
		struct mel_err *err MEL_AUTO_ERR = NULL;

		warned = 0;
		cr_assert_eq(shell(files[i].command), 0);
		cr_assert_eq(mel_key_load(&key, files[i].path, &err), 0);
		cr_assert_eq(warned, files[i].want, "after %s: %u", files[i].command, warned);
	}
	mel_log_set_sink(NULL, NULL);
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

Test(rsa, generated_pair)
{
	struct mel_key *key MEL_AUTO_KEY = NULL, *pub MEL_AUTO_KEY = NULL,
			    *again MEL_AUTO_KEY = NULL;
	struct mel_buf pem MEL_AUTO_BUF = MEL_BUF_INIT(10000);
	struct mel_buf sig MEL_AUTO_BUF = MEL_BUF_INIT(2048);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	umask(0);
	cr_assert_eq(mel_key_generate(&key, 2048, &err), 0);
	cr_assert_eq(mel_keygen_write(key, "new.rsa", false, &err), 0);
	cr_assert_eq(mode_of("new.rsa"), 0600);
	cr_assert_eq(mode_of("new.rsa.pub"), 0644);
	cr_assert_eq(
		shell("openssl rsa -in new.rsa -check -noout >/dev/null 2>&1 && "
		      "openssl rsa -in new.rsa -pubout 2>/dev/null | cmp - new.rsa.pub && "
		      "openssl rsa -in new.rsa -traditional 2>/dev/null | cmp - new.rsa && "
		      "test $(wc -L < new.rsa) = 64 && head -1 new.rsa | grep -q 'BEGIN RSA "
		      "PRIVATE KEY' && head -1 new.rsa.pub | grep -q 'BEGIN PUBLIC KEY'"),
		0);
	cr_assert_eq(mel_key_load(&again, "new.rsa", &err), 0);
	cr_assert_eq(mel_key_sign(again, mel_slice_of("x"), &sig, &err), 0);
	cr_assert_eq(sig.len, 256);
	cr_assert_eq(mel_file_read(AT_FDCWD, "new.rsa.pub", &pem, &err), 0);
	cr_assert_eq(mel_pubkey_parse(&pub, mel_buf_slice(&pem), "new.rsa", &err), 0);
	cr_assert_eq(mel_key_verify(pub, mel_slice_of("x"), mel_buf_slice(&sig), &err), 0);
}

Test(rsa, existing_files_are_kept)
{
	struct mel_key *key MEL_AUTO_KEY = NULL;
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_key_generate(&key, 2048, &err), 0);
	save("a.rsa", mel_slice_of("old"));
	cr_assert_eq(mel_keygen_write(key, "a.rsa", false, &err), -1);
	cr_assert_str_eq(err->text, "cannot create 'a.rsa': File exists");
	save("b.rsa.pub", mel_slice_of("old"));
	cr_assert_eq(mel_keygen_write(key, "b.rsa", false, &err), -1);
	cr_assert_str_eq(err->text, "cannot create 'b.rsa.pub': File exists");
	cr_assert_eq(access("b.rsa", F_OK), -1);
	cr_assert_eq(shell("test $(cat a.rsa b.rsa.pub) = oldold"), 0);
	cr_assert_eq(mel_keygen_write(key, "a.rsa", true, &err), 0);
	cr_assert_eq(mode_of("a.rsa"), 0600);
}

Test(rsa, small_keys_are_refused)
{
	struct mel_key *key MEL_AUTO_KEY = NULL;
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_key_generate(&key, 1024, &err), -1);
	cr_assert_str_eq(err->text,
			 "key size is less than 2048 bits, this is not considered safe");
}
