/* Architectures: see arch.h. */
#include "cmd/arch.h"

#include "base/slice.h"
#include "config/arch.h"

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
