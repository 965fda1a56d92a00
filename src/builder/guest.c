/* The guest of a build: see guest.h. */
#include "builder/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "builder/mirrors.h"
#include "builder/sources.h"
#include "guest/helper_image.h"

enum { BUILD_ID = 1000 };

static int say(struct mel_err **err, const struct sbx_err *why)
{
	const char *hint = sbx_hint_text(why->hint);

	return mel_err_set(err, MEL_ERR_SANDBOX, "sandbox: %s%s%s", why->text,
			   hint ? "\nhint: " : "", hint ? hint : "");
}

int mel_guest_choose_ids(struct mel_guest *guest, const struct mel_workspace *ws,
			 const struct mel_build_cache *cache, struct mel_err **err)
{
	struct sbx_err why = { 0 };
	bool has_cache = cache->dir.path != NULL;
	int r = sbx_ids_choose(&guest->ids, BUILD_ID, BUILD_ID, ws->work_fd, has_cache, &why);

	/* The cache may lie on another file system, which is the one that has to be mapped
	 * then.
	 */
	if (r == 0 && has_cache && guest->ids.idmap_mounts)
		r = sbx_ids_choose(&guest->ids, BUILD_ID, BUILD_ID, cache->fd, true, &why);
	return r < 0 ? say(err, &why) : 0;
}

/* The helper program of our own pipelines, shown read-only at /.melange/helper. */
static int add_helper(struct mel_guest *guest, struct mel_workspace *ws, struct mel_err **err)
{
	struct mel_arena *arena = &guest->rootfs.arena;

	if (mel_file_write(mel_workspace_system(ws)->dirfd, "helper", mel_helper_image,
			   mel_helper_image_len, 0755, err) < 0)
		return -1;
	mel_vec_push(&guest->rootfs.mount,
		     (struct sbx_mount){
			     .type = SBX_BIND,
			     .flags = SBX_READONLY,
			     .source = mel_arena_printf(arena, "%s/helper",
							mel_workspace_system(ws)->path),
			     .target = "/.melange/helper",
		     });
	return 0;
}

/* Sources that are not in the cache directory. */
static void add_sources(struct mel_guest *guest, const struct mel_workspace *ws)
{
	mel_vec_push(&guest->rootfs.mount,
		     (struct sbx_mount){
			     .type = SBX_BIND,
			     .flags = SBX_READONLY,
			     .source = mel_arena_printf(&guest->rootfs.arena, "%s/sources",
							ws->state.path),
			     .target = MEL_SOURCES_TARGET,
		     });
}

static int add_bind_ro(struct mel_guest *guest, const struct mel_build_texts *paths,
		       struct mel_err **err)
{
	for (size_t i = 0; i < paths->len; i++) {
		MEL_AUTO_FREE char *real = realpath(paths->at[i], NULL);

		if (!real) {
			mel_err_sys(err, "--bind-ro: cannot use '%s'", paths->at[i]);
			return mel_err_as(err, MEL_ERR_INPUT);
		}
		if (paths->at[i][0] != '/' || mel_text_eq(real, "/"))
			return mel_err_set(err, MEL_ERR_USAGE,
					   "--bind-ro: '%s' is not an absolute path below '/'",
					   paths->at[i]);
		mel_vec_push(&guest->rootfs.mount,
			     (struct sbx_mount){
				     .type = SBX_BIND,
				     .flags = SBX_READONLY,
				     .source = mel_arena_strdup(&guest->rootfs.arena, real),
				     .target = paths->at[i],
			     });
	}
	return 0;
}

static void add_work(struct mel_guest *guest, const struct mel_workspace *ws)
{
	mel_vec_push(&guest->rootfs.mount, (struct sbx_mount){
						   .type = SBX_BIND,
						   .flags = SBX_IDMAP,
						   .source = ws->work_path,
						   .target = MEL_GUEST_WORK,
					   });
}

static int try_open(struct mel_guest *guest, struct mel_workspace *ws,
		    const struct mel_build_cache *cache, const struct mel_guest_spec *spec,
		    bool use_overlay, struct sbx_err *why, struct mel_err **err)
{
	const struct mel_rootfs_spec rootfs = {
		.tree = spec->tree,
		.use_overlay = use_overlay,
		.with_resolver = spec->network,
		.environment = spec->environment,
	};
	MEL_AUTO_ERR struct mel_err *ignored = NULL;

	mel_rootfs_clear(&guest->rootfs);
	mel_rmtree(mel_workspace_system(ws)->dirfd, "root", &ignored);
	if (mel_rootfs_make(&guest->rootfs, ws, &rootfs, err) < 0 ||
	    add_helper(guest, ws, err) < 0 || add_bind_ro(guest, spec->bind_ro, err) < 0)
		return -1;
	mel_mirrors_mount(spec->mirrors, &guest->rootfs.arena, &guest->rootfs.mount);
	if (spec->with_sources)
		add_sources(guest, ws);
	add_work(guest, ws);
	if (mel_build_cache_mount(cache, &guest->ids, &guest->rootfs.mount, err) < 0 ||
	    mel_workspace_give(ws, &guest->ids, err) < 0)
		return -1;

	const struct sbx_spec sandbox = {
		.root = guest->rootfs.path,
		.ids = guest->ids,
		.mount = guest->rootfs.mount.at,
		.mount_len = guest->rootfs.mount.len,
		.net = guest->network ? SBX_NET_HOST : SBX_NET_NONE,
	};

	return sbx_open(&guest->sbx, &sandbox, why) < 0 ? say(err, why) : 0;
}

/* How loud the sandbox's notes are: what is weaker than usual warns or informs, what is only
 * missing is for debugging. */
static const struct {
	enum sbx_hint hint;
	enum mel_log_level level;
} note_level[] = {
	{ SBX_HINT_PROC, MEL_LOG_WARN },
	{ SBX_HINT_IDMAP, MEL_LOG_WARN },
	{ SBX_HINT_NSLOCK, MEL_LOG_INFO },
	{ SBX_HINT_UPPER, MEL_LOG_INFO },
};

static enum mel_log_level level_of(int hint)
{
	for (size_t i = 0; i < MEL_COUNTOF(note_level); i++)
		if (note_level[i].hint == (enum sbx_hint)hint)
			return note_level[i].level;
	return MEL_LOG_DEBUG;
}

static void note(struct mel_guest *guest)
{
	const struct sbx_info *info = sbx_info(guest->sbx);

	guest->tier = info->tier;
	for (size_t i = 0; i < info->warning_len; i++)
		mel_log(level_of(info->warning[i]), "%s", sbx_hint_text(info->warning[i]));
	mel_log(MEL_LOG_DEBUG, "steps are run by %s (%s)", guest->rootfs.shell,
		guest->rootfs.shell_why);
}

/* What may be given up when the first try is refused, each once. */
struct fallback {
	bool use_overlay;
	bool may_single; /* newuidmap is there, but a later surprise is possible */
};

/* Change one thing after a refusal; false when there is nothing left to change. */
static bool give_up_one(struct mel_guest *guest, struct fallback *fallback,
			struct mel_build_cache *cache, const struct sbx_err *why,
			struct mel_err **err)
{
	const struct sbx_mount *mount =
		why->mount < 0 ? NULL : &guest->rootfs.mount.at[why->mount];
	bool is_layer = mount && mount->type == SBX_OVERLAY;

	if (why->stage == SBX_STAGE_HELPER && fallback->may_single) {
		fallback->may_single = false;
		sbx_ids_single(&guest->ids, BUILD_ID, BUILD_ID);
		mel_log(MEL_LOG_DEBUG, "the guest has one id only: %s", (*err)->text);
		return true;
	}
	/* Upper layer on another overlay, old kernel: the layers are read-only then. */
	if (why->stage == SBX_STAGE_BIND && is_layer &&
	    mel_text_eq(mount->target, MEL_CACHE_TARGET)) {
		if (why->errnum == ESTALE)
			return false;
		mel_log(MEL_LOG_DEBUG, "%s", (*err)->text);
		mel_err_free(*err);
		*err = NULL;
		return mel_build_cache_give_up_overlay(cache, err) == 0;
	}
	if (why->stage == SBX_STAGE_BIND && is_layer && fallback->use_overlay) {
		fallback->use_overlay = false;
		mel_log(MEL_LOG_INFO, "the system folders of the guest are read-only: %s",
			(*err)->text);
		return true;
	}
	return false;
}

int mel_guest_open(struct mel_guest *guest, struct mel_workspace *ws,
		   struct mel_build_cache *cache, const struct mel_guest_spec *spec,
		   struct mel_err **err)
{
	struct fallback fallback = { .use_overlay = true,
				     .may_single = guest->ids.mode == SBX_IDS_HELPER };
	struct sbx_err why = { .mount = -1 };

	guest->network = spec->network;
	while (try_open(guest, ws, cache, spec, fallback.use_overlay, &why, err) < 0) {
		if (!give_up_one(guest, &fallback, cache, &why, err))
			return -1;
		mel_err_free(*err);
		*err = NULL;
		why = (struct sbx_err){ .mount = -1 };
	}
	note(guest);
	return 0;
}

void mel_guest_stop(struct mel_guest *guest)
{
	sbx_close(guest->sbx);
	guest->sbx = NULL;
}

void mel_guest_close(struct mel_guest *guest)
{
	mel_guest_stop(guest);
	mel_rootfs_clear(&guest->rootfs);
}
