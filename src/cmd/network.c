/* Variables for downloads: see network.h. */
#include "cmd/network.h"

#include <stdlib.h>

#include "cache/remote.h"

struct mel_build_texts mel_network_variables(struct mel_arena *arena)
{
	struct mel_build_texts list = { NULL, 0 };
	const char **at;
	size_t len = 0;

	while (mel_remote_variables[len])
		len++;
	at = mel_arena_array(arena, len, sizeof(*at));
	for (size_t i = 0; i < len; i++) {
		const char *value = getenv(mel_remote_variables[i]);

		if (value && *value)
			at[list.len++] = mel_arena_printf(arena, "%s=%s",
							  mel_remote_variables[i], value);
	}
	list.at = at;
	return list;
}
