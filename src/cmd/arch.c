/* Architectures: see arch.h. */
#include "cmd/arch.h"

#include <sys/utsname.h>

#include "base/slice.h"

static const struct {
	const char *oci, *apk;
	const char *machine; /* of uname(2), where it differs from apk */
} names[] = {
	{ "386", "x86", "i686" },        { "amd64", "x86_64", NULL },
	{ "arm64", "aarch64", NULL },    { "arm/v6", "armhf", "armv6l" },
	{ "arm/v7", "armv7", "armv7l" }, { "loong64", "loongarch64", NULL },
	{ "ppc64le", "ppc64le", NULL },  { "riscv64", "riscv64", NULL },
	{ "s390x", "s390x", NULL },
};

const char *mel_arch_apk(const char *name)
{
	for (size_t i = 0; i < MEL_COUNTOF(names); i++)
		if (mel_text_eq(names[i].oci, name) || mel_text_eq(names[i].apk, name))
			return names[i].apk;
	return NULL;
}

const char *mel_arch_host(void)
{
	struct utsname host;

	if (uname(&host) < 0)
		return NULL;
	for (size_t i = 0; i < MEL_COUNTOF(names); i++)
		if (mel_text_eq(names[i].machine ? names[i].machine : names[i].apk,
				host.machine))
			return names[i].apk;
	return NULL;
}

int mel_arch_choose(const struct mel_opt_list *list, const char **arch, struct mel_err **err)
{
	const char *host = mel_arch_host();

	if (!host)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "packages cannot be built on a machine of this kind");
	for (size_t i = 0; i < list->len; i++) {
		const char *word = list->at[i], *apk = mel_arch_apk(word);

		if (mel_text_eq(word, "host") || (apk && mel_text_eq(apk, host)))
			continue;
		if (mel_text_eq(word, "all"))
			return mel_err_set(err, MEL_ERR_USAGE,
					   "--arch all is not available in this version: only "
					   "%s, the machine's own architecture, can be built",
					   host);
		if (!apk)
			return mel_err_set(err, MEL_ERR_USAGE, "unknown architecture '%s'",
					   word);
		return mel_err_set(err, MEL_ERR_USAGE,
				   "architecture '%s' is not available in this version: only "
				   "%s, the machine's own, can be built",
				   word, host);
	}
	*arch = host;
	return 0;
}
