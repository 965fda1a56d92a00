/* Names of architectures: see arch.h. */
#include "config/arch.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/slice.h"

static const struct arch {
	const char *apk, *oci, *go;
	const char *gnu, *rust; /* triplet up to the libc flavour */
	const char *abi;        /* behind the flavour */
	const char *machine;    /* uname(2), where it differs from apk */
} archs[] = {
	{ "x86_64", "amd64", "amd64", "x86_64-pc-linux-", "x86_64-unknown-linux-", "", NULL },
	{ "aarch64", "arm64", "arm64", "aarch64-unknown-linux-", "aarch64-unknown-linux-", "",
	  NULL },
	{ "x86", "386", "386", "i486-pc-linux-", "i686-unknown-linux-", "", "i686" },
	{ "armv7", "arm/v7", "arm", "armv7l-unknown-linux-", "armv7-unknown-linux-", "eabihf",
	  "armv7l" },
	{ "armhf", "arm/v6", "arm", "arm-unknown-linux-", "arm-unknown-linux-", "eabihf",
	  "armv6l" },
	{ "ppc64le", "ppc64le", "ppc64le", "powerpc64le-unknown-linux-",
	  "powerpc64le-unknown-linux-", "", NULL },
	{ "s390x", "s390x", "s390x", "s390x-ibm-linux-", "s390x-unknown-linux-", "", NULL },
	{ "riscv64", "riscv64", "riscv64", "riscv64-unknown-linux-", "riscv64gc-unknown-linux-",
	  "", NULL },
	{ "loongarch64", "loong64", "loong64", "loongarch64-unknown-linux-",
	  "loongarch64-unknown-linux-", "", NULL },
};

static const struct arch *find(const char *name)
{
	for (size_t i = 0; i < MEL_COUNTOF(archs); i++) {
		if (mel_text_eq(name, archs[i].apk) || mel_text_eq(name, archs[i].oci))
			return &archs[i];
	}
	return NULL;
}

const char *mel_arch_apk(const char *name)
{
	const struct arch *arch = find(name);

	return arch ? arch->apk : NULL;
}

bool mel_arch_is_same(const char *a, const char *b)
{
	const struct arch *known = find(a);

	return known ? known == find(b) : mel_text_eq(a, b);
}

const char *mel_arch_oci(const char *name)
{
	const struct arch *arch = find(name);

	return arch ? arch->oci : name;
}

const char *mel_arch_go(const char *name)
{
	const struct arch *arch = find(name);

	return arch ? arch->go : name;
}

const char *mel_arch_triplet_gnu(struct mel_arena *arena, const char *arch, const char *libc)
{
	const struct arch *known = find(arch);

	return known ? mel_arena_printf(arena, "%s%s%s", known->gnu, libc, known->abi)
		     : mel_arena_printf(arena, "%s-unknown-linux-%s", arch, libc);
}

const char *mel_arch_triplet_rust(struct mel_arena *arena, const char *arch, const char *libc)
{
	const struct arch *known = find(arch);

	return known ? mel_arena_printf(arena, "%s%s%s", known->rust, libc, known->abi)
		     : mel_arena_printf(arena, "%s-unknown-linux-%s", arch, libc);
}

const char *mel_arch_host(void)
{
	struct utsname host;

	if (uname(&host) < 0)
		return NULL;
	for (size_t i = 0; i < MEL_COUNTOF(archs); i++) {
		if (mel_text_eq(host.machine,
				archs[i].machine ? archs[i].machine : archs[i].apk))
			return archs[i].apk;
	}
	return NULL;
}
