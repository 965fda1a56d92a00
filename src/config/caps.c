/* Capability names: see caps.h. */
#include "config/caps.h"

#include <strings.h>

#include "base/mem.h"

static const char *const cap_name[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

int mel_cap_number(struct mel_slice name)
{
	if (name.len > 4 && strncasecmp(name.ptr, "cap_", 4) == 0)
		name.ptr += 4, name.len -= 4;
	for (size_t i = 0; i < MEL_COUNTOF(cap_name); i++)
		if (name.len == strlen(cap_name[i]) &&
		    strncasecmp(name.ptr, cap_name[i], name.len) == 0)
			return (int)i;
	return -1;
}
