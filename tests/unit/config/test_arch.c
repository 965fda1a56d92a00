/* Names of architectures. */
#include "config/arch.h"
#include "tests/unit/table.h"

static const struct {
	const char *given, *apk, *oci, *go, *gnu, *rust; /* flavour gnu */
} cases[] = {
	{ "x86_64", "x86_64", "amd64", "amd64", "x86_64-pc-linux-gnu",
	  "x86_64-unknown-linux-gnu" },
	{ "amd64", "x86_64", "amd64", "amd64", "x86_64-pc-linux-gnu",
	  "x86_64-unknown-linux-gnu" },
	{ "arm64", "aarch64", "arm64", "arm64", "aarch64-unknown-linux-gnu",
	  "aarch64-unknown-linux-gnu" },
	{ "386", "x86", "386", "386", "i486-pc-linux-gnu", "i686-unknown-linux-gnu" },
	{ "arm/v7", "armv7", "arm/v7", "arm", "armv7l-unknown-linux-gnueabihf",
	  "armv7-unknown-linux-gnueabihf" },
	{ "armhf", "armhf", "arm/v6", "arm", "arm-unknown-linux-gnueabihf",
	  "arm-unknown-linux-gnueabihf" },
	{ "ppc64le", "ppc64le", "ppc64le", "ppc64le", "powerpc64le-unknown-linux-gnu",
	  "powerpc64le-unknown-linux-gnu" },
	{ "s390x", "s390x", "s390x", "s390x", "s390x-ibm-linux-gnu",
	  "s390x-unknown-linux-gnu" },
	{ "riscv64", "riscv64", "riscv64", "riscv64", "riscv64-unknown-linux-gnu",
	  "riscv64gc-unknown-linux-gnu" },
	{ "loong64", "loongarch64", "loong64", "loong64", "loongarch64-unknown-linux-gnu",
	  "loongarch64-unknown-linux-gnu" },
	{ "mips", NULL, "mips", "mips", "mips-unknown-linux-gnu", "mips-unknown-linux-gnu" },
};

TABLE_TEST(arch, names, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	const char *given = cases[*row].given;

	if (cases[*row].apk)
		cr_assert_str_eq(mel_arch_apk(given), cases[*row].apk);
	else
		cr_assert_null(mel_arch_apk(given));
	cr_assert_str_eq(mel_arch_oci(given), cases[*row].oci);
	cr_assert_str_eq(mel_arch_go(given), cases[*row].go);
	cr_assert_str_eq(mel_arch_triplet_gnu(&arena, given, "gnu"), cases[*row].gnu);
	cr_assert_str_eq(mel_arch_triplet_rust(&arena, given, "gnu"), cases[*row].rust);
	cr_assert(mel_arch_is_same(given, cases[*row].oci));
	cr_assert_not(mel_arch_is_same(given, "sparc"));
}

Test(arch, musl, .timeout = 10)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };

	cr_assert_str_eq(mel_arch_triplet_gnu(&arena, "aarch64", "musl"),
			 "aarch64-unknown-linux-musl");
}
