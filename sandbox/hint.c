/*
 * Hints: what to change on a machine or container, one sentence each. Pure text; which hint a
 * failure deserves is decided by diagnose.c. Sources: user_namespaces(7), namespaces(7),
 * proc(5), documentation of Docker, Podman, Kubernetes and AppArmor.
 */
#include "sandbox/sbx.h"

#include <stddef.h>

static const char *const hint_text[SBX_HINT_COUNT] = {
	[SBX_HINT_SYSCTL] =
		"user namespaces are closed to ordinary users "
		"(kernel.unprivileged_userns_clone=0); open them with: sudo sysctl -w "
		"kernel.unprivileged_userns_clone=1 (to keep it, write it to a file in "
		"/etc/sysctl.d)",
	[SBX_HINT_NSLIMIT] =
		"no further user namespace is allowed (user.max_user_namespaces); raise "
		"the limit with: sudo sysctl -w user.max_user_namespaces=15000",
	[SBX_HINT_NETNSLIMIT] =
		"no further network namespace is allowed (user.max_net_namespaces); "
		"namespaces of ended programs count until the kernel has removed them, "
		"so try again in a second, or raise the limit",
	[SBX_HINT_DEPTH] =
		"user namespaces are nested too deeply (the kernel allows about 32 levels); "
		"start the program further out",
	[SBX_HINT_APPARMOR] =
		"AppArmor keeps ordinary programs from using user namespaces "
		"(kernel.apparmor_restrict_unprivileged_userns=1); install an AppArmor "
		"profile with the rule 'userns,' for this program, or lift it for all: "
		"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
	[SBX_HINT_SELINUX] =
		"SELinux refused a user namespace; its reason is in the audit log, class "
		"user_namespace (ausearch -m avc -ts recent)",
	[SBX_HINT_SECCOMP] =
		"the seccomp filter of the surrounding container refuses namespaces or mounts. "
		"Docker: "
		"--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
		"--security-opt "
		"systempaths=unconfined. Podman: --security-opt unmask=ALL (with SELinux also "
		"label=disable). Kubernetes: hostUsers: false and, in securityContext, "
		"seccompProfile.type: Unconfined, appArmorProfile.type: Unconfined, procMount: "
		"Unmasked "
		"(procMount alone does not help)",
	[SBX_HINT_CONTAINER] =
		"the AppArmor profile of the surrounding container refuses mounts; add "
		"--security-opt apparmor=unconfined (Kubernetes: "
		"appArmorProfile.type: Unconfined)",
	[SBX_HINT_CHROOT] =
		"the kernel gives no user namespace to a process in a chroot; enter the tree "
		"by a mount namespace and pivot_root (systemd-nspawn does), or run outside "
		"of it",
	[SBX_HINT_UNMAPPED] =
		"the id of this process has no mapping in its user namespace; start the "
		"container with a mapped user",
	[SBX_HINT_KERNEL] = "this kernel has no user namespaces (CONFIG_USER_NS, or "
			    "user_namespace.enable=1 on its command line)",
	[SBX_HINT_NPROC] =
		"the user's process limit is reached (ulimit -u); raise it or end other "
		"processes",
	[SBX_HINT_ROPROC] =
		"/proc is mounted read-only, so id maps cannot be written; mount it writable "
		"(Docker: --security-opt systempaths=unconfined)",
	[SBX_HINT_NOPROC] =
		"there is no proc file system on /proc; mount it: mount -t proc proc /proc",
	[SBX_HINT_PROC] =
		"/proc of the surrounding container is masked and is used as it is: command "
		"lines of processes outside are visible inside. Docker: --security-opt "
		"systempaths=unconfined. Podman: --security-opt unmask=ALL. Kubernetes: "
		"procMount: Unmasked",
	[SBX_HINT_SUBID] =
		"there are no subordinate ids for this user, so the guest has one id only; "
		"add some: sudo usermod --add-subuids 100000-165535 --add-subgids "
		"100000-165535 USER, and install newuidmap (package uidmap or shadow-utils)",
	[SBX_HINT_NNP] =
		"newuidmap has no effect here: it is not set-user-id, is on a file system "
		"mounted nosuid, or no_new_privs is set (Kubernetes: "
		"allowPrivilegeEscalation: true)",
	[SBX_HINT_UIDMAP] = "newuidmap is set-user-id, which does not work in a container "
			    "without CAP_SYS_ADMIN; in "
			    "the image: chmod u-s /usr/bin/newuidmap /usr/bin/newgidmap; "
			    "setcap cap_setuid=ep "
			    "/usr/bin/newuidmap; setcap cap_setgid=ep /usr/bin/newgidmap; or "
			    "run as root in the "
			    "container",
	[SBX_HINT_SETFCAP] =
		"root of the surrounding container lacks CAP_SETFCAP, so it cannot map its id; "
		"start the container as another user (--user 1000:1000, runAsUser: 1000) or "
		"leave root that capability (--cap-add SETFCAP)",
	[SBX_HINT_IDMAP] =
		"id-mapped mounts are refused here; the build user has the caller's own id "
		"outside instead of one of its own",
	[SBX_HINT_HOSTNAME] =
		"the host name of the sandbox could not be set; the surrounding one is seen",
	[SBX_HINT_NSLOCK] =
		"the limit of nested user namespaces could not be written (/proc/sys is "
		"read-only); only the system call filter refuses them",
	[SBX_HINT_PORTS] =
		"ports below 1024 could not be opened to the build user (/proc/sys is "
		"read-only)",
	[SBX_HINT_GROUPS] =
		"supplementary groups of the caller stay with the guest's processes",
	[SBX_HINT_DEVICE] = "a device node of the host is missing, so the guest has none",
	[SBX_HINT_UPPER] =
		"the temporary directory cannot hold the upper layer of an overlay here, so "
		"what is written into the system folders of the guest is kept in memory; to "
		"have it on disk, put the temporary directory on a volume",
	[SBX_HINT_CGROUP] =
		"no cgroup is delegated to this process, so limits of processors and memory "
		"are not imposed; run under: systemd-run --user --scope -p Delegate=yes",
};

const char *sbx_hint_text(int hint)
{
	return hint > SBX_HINT_NONE && hint < SBX_HINT_COUNT ? hint_text[hint] : NULL;
}
