/*
 * Parts of the library that its files share and callers do not see.
 */
#pragma once

#include "sandbox/sbx.h"
#include "sandbox/wire.h"

#include <stdarg.h>

#define SBX_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))
#define SBX_NPROC      16384 /* most processes inside */

/* A warning that is no hint: overlays are refused (the probe asks for it). */
#define SBX_WARN_OVERLAY 63

/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW
 * SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP: what programs expect of a container. */
#define SBX_CAPS UINT64_C(0xa80425fb)

/* init-blob.c: the init program. */
extern const unsigned char sbx_init_image[];
extern const unsigned char sbx_init_image_end[];

/* --- message.c ------------------------------------------------------------------------------
 */

/* Growing payload of a message; the first failed allocation sticks. Offset 0 means "none". */
struct sbx_blob {
	char *ptr;
	size_t len, cap;
	bool is_broken;
};
/* Room for len bytes, zeroed, at a multiple of 8; returns its offset. */
uint32_t sbx_blob_room(struct sbx_blob *b, size_t len);
/* A copy of text with its NUL; 0 for NULL. */
uint32_t sbx_blob_text(struct sbx_blob *b, const char *text);
/* An array of offsets of the texts in list (NULL at its end), and a 0. */
uint32_t sbx_blob_list(struct sbx_blob *b, const char *const *list, uint32_t *len);
void sbx_blob_clear(struct sbx_blob *b);

/* A memfd with these bytes that nobody can change any more, or -1. */
int sbx_sealed_memfd(const char *name, const void *bytes, size_t len, bool is_program);
/* Send; fd are borrowed. 0, or -1 with errno. */
int sbx_message_send(int ctl, enum wire_type type, uint32_t value,
		     const struct sbx_blob *payload, const int *fd, size_t fd_len);
/* Receive one answer: its type, or 0 at end of file, or -1 with errno. */
int sbx_message_receive(int ctl, void *payload, size_t size, size_t *len);

/* --- spec.c ---------------------------------------------------------------------------------
 */

/* The message of a spec. ops point into it. */
struct sbx_order {
	struct sbx_blob blob;
	size_t op_len;
	size_t first_mount; /* op of spec.mount[0] */
	size_t mount_len;
};
int sbx_order_guest(struct sbx_order *o, const struct sbx_spec *spec, struct sbx_err *err);
int sbx_order_remove(struct sbx_order *o, const struct sbx_ids *ids, const char *path,
		     struct sbx_err *err);
int sbx_order_probe(struct sbx_order *o, const struct sbx_ids *ids, struct sbx_err *err);
const struct wire_op *sbx_order_op(const struct sbx_order *o, size_t i);
const char *sbx_order_text(const struct sbx_order *o, uint32_t offset);
void sbx_order_clear(struct sbx_order *o);

/* --- idmap.c --------------------------------------------------------------------------------
 */

#define SBX_MAP_TEXT 160 /* four lines of three numbers */

/* Maps of the two user namespaces and of id-mapped mounts, as the kernel reads them. */
struct sbx_maps {
	char u1_uid[SBX_MAP_TEXT], u1_gid[SBX_MAP_TEXT];
	char u2_uid[SBX_MAP_TEXT], u2_gid[SBX_MAP_TEXT];
	char disk_uid[SBX_MAP_TEXT], disk_gid[SBX_MAP_TEXT];
};
void sbx_maps_make(struct sbx_maps *out, const struct sbx_ids *ids);
/* Path of newuidmap or newgidmap in a directory of root's, or NULL. */
const char *sbx_helper_path(bool for_gid);

/* --- diagnose.c -----------------------------------------------------------------------------
 */

/* Fill err (which may be NULL): "what 'path': reason [call, stage X]". Returns -1. */
int sbx_fail(struct sbx_err *err, enum sbx_stage stage, enum wire_call call, int errnum,
	     const char *what, const char *path);
/* From a record of the init program; order may be NULL. Adds the hint. */
int sbx_fail_remote(struct sbx_err *err, const struct wire_error *e,
		    const struct sbx_order *order);
/* What to change, judged by looking around. */
enum sbx_hint sbx_diagnose(enum sbx_stage stage, enum wire_call call, int errnum);
/* Why newuidmap cannot work for this process; NONE: it should. */
enum sbx_hint sbx_diagnose_helper(void);
/* Effective and bounding set of this process, no_new_privs and seccomp mode. */
struct sbx_self {
	uint64_t cap_eff, cap_bnd;
	int no_new_privs, seccomp;
};
void sbx_self_read(struct sbx_self *out);
/* First bytes of a small file as text, "" when there is none. */
const char *sbx_read_text(const char *path, char *buf, size_t size);

/* --- start.c --------------------------------------------------------------------------------
 */

struct sbx_monitor {
	int ctl;
	pid_t pid;
};
/* Start the monitor, send it the order and wait for its answer. */
int sbx_monitor_start(struct sbx_monitor *out, const struct sbx_order *order,
		      const char *init_path, struct wire_ready *ready, struct sbx_err *err);
/* Kill what runs below it, wait for its end. */
void sbx_monitor_stop(struct sbx_monitor *m);

long sbx_remove_tree(int dirfd, const char *path, int *call);
