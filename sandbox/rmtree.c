/*
 * Removes a tree with files of many ids: by ourselves where one id or a privileged caller is
 * enough, else as id 0 of a user namespace with the guest's map. Source: user_namespaces(7).
 */
#include "sandbox/internal.h"

#include <fcntl.h>

int sbx_rmtree(const struct sbx_ids *ids, const char *path, struct sbx_err *err)
{
	struct sbx_monitor monitor;
	struct sbx_order order;
	struct wire_ready ready;
	int call = WIRE_CALL_NONE;
	long r = sbx_remove_tree(AT_FDCWD, path, &call);

	if (r == 0)
		return 0;
	if (ids->mode != SBX_IDS_HELPER)
		return sbx_fail(err, SBX_STAGE_REMOVE, (enum wire_call)call, (int)-r, "remove",
				path);
	if (sbx_order_remove(&order, ids, path, err) < 0)
		return -1;
	r = sbx_monitor_start(&monitor, &order, NULL, &ready, err);
	sbx_order_clear(&order);
	if (r == 0)
		sbx_monitor_stop(&monitor);
	return (int)r;
}
