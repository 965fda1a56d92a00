/*
 * What this place allows, found out by doing it: the init program makes the namespaces of a
 * guest with a root of nothing, and ends. Source: cgroups(7), capabilities(7).
 */
#include "sandbox/internal.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The own group of the second hierarchy is ours to divide. */
static bool is_cgroup_delegated(void)
{
	char text[4096], path[4352];
	const char *at;
	size_t n;

	sbx_read_text("/proc/self/cgroup", text, sizeof(text));
	at = strstr(text, "0::");
	if (!at || (at != text && at[-1] != '\n'))
		return false;
	n = strcspn(at + 3, "\n");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s%.*s/cgroup.subtree_control",
			 i ? "/unified" : "", (int)n, at + 3);
		if (access(path, W_OK) == 0)
			return true;
	}
	return false;
}

static void judge(struct sbx_probe *out, const struct wire_ready *ready,
		  const struct sbx_ids *ids)
{
	out->fresh_proc = ready->tier == 3;
	out->overlay = !((ready->warnings >> SBX_WARN_OVERLAY) & 1);
	out->idmap_mounts = ids->idmap_mounts;
	out->tier = ready->tier;
	if (!out->fresh_proc) {
		out->hint = SBX_HINT_PROC;
	} else if (ids->mode == SBX_IDS_SINGLE) {
		out->hint = ids->warning;
	} else if (is_cgroup_delegated()) {
		out->tier = 4;
	} else {
		out->hint = SBX_HINT_CGROUP;
	}
}

int sbx_probe(struct sbx_probe *out, struct sbx_err *err)
{
	struct sbx_monitor monitor;
	struct wire_ready ready;
	struct sbx_order order;
	struct sbx_err reason;
	struct sbx_self self;
	struct sbx_ids ids;
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	*out = (struct sbx_probe){ 0 };
	sbx_ids_choose(&ids, 1000, 1000, here, false, &reason);
	if (here >= 0)
		close(here);
	if (ids.mode == SBX_IDS_HELPER) { /* the helpers take longer than all the rest */
		struct sbx_ids single;

		sbx_ids_single(&single, 1000, 1000);
		if (sbx_order_probe(&order, &single, err) < 0)
			return -1;
	} else if (sbx_order_probe(&order, &ids, err) < 0) {
		return -1;
	}
	if (sbx_monitor_start(&monitor, &order, NULL, &ready, &reason) == 0) {
		sbx_monitor_stop(&monitor);
		judge(out, &ready, &ids);
	} else {
		sbx_self_read(&self);
		out->hint = reason.hint;
		out->tier = (self.cap_eff >> CAP_SYS_CHROOT) & 1;
		if (err)
			*err = reason;
	}
	sbx_order_clear(&order);
	return 0;
}
