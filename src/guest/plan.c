/*
 * plan.c - carries out the moves of one `split` (plan.h). Every conflict is found before the
 * first file is moved; the source folder itself is never removed.
 */
#include "guest/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

void mel_split_plan_add(struct mel_split_plan *plan, enum mel_split_action action,
			const char *from, const char *to)
{
	struct mel_split_op *op;

	if (plan->len == plan->cap) {
		plan->cap = plan->cap ? plan->cap * 2 : 32;
		plan->op = mel_helper_grow(plan->op, plan->cap * sizeof(*plan->op));
	}
	op = &plan->op[plan->len++];
	*op = (struct mel_split_op){
		.action = action,
		.from = mel_helper_copy(from, strlen(from)),
		.to = to ? mel_helper_copy(to, strlen(to)) : NULL,
	};
	if (action == MEL_SPLIT_MOVE)
		tsearch(op->from, &plan->moving, compare_paths);
}

bool mel_split_plan_move_same(struct mel_split_plan *plan, const char *path)
{
	MEL_HELPER_FREE char *above = mel_helper_copy(path, strlen(path));

	while (*above) {
		char *slash = strrchr(above, '/');

		if (tfind(above, &plan->moving, compare_paths))
			return false;
		*(slash ? slash : above) = '\0';
	}
	mel_split_plan_add(plan, MEL_SPLIT_MOVE, path, path);
	return true;
}

static int fail_op(const struct mel_split_plan *plan, const struct mel_split_op *op)
{
	if (op->action == MEL_SPLIT_MOVE)
		mel_helper_fail_errno("split: cannot move '%s/%s' to '%s/%s'", plan->source,
				      op->from, plan->target, op->to);
	else
		mel_helper_fail_errno("split: cannot remove '%s/%s'", plan->source, op->from);
	return -1;
}

static bool is_there(const struct mel_split_plan *plan, const char *path)
{
	struct stat st;

	return mel_tree_stat(plan->source_fd, path, &st) == 0;
}

static int move(const struct mel_split_plan *plan, const struct mel_split_op *op, int target_fd,
		size_t *moved)
{
	MEL_HELPER_FREE char *parent = mel_tree_parent(op->to);

	if (!is_there(plan, op->from))
		return 0; /* went with something above it */
	if (mel_tree_mkdirs(target_fd, parent) < 0)
		return -1;
	if (mel_tree_move(plan->source_fd, op->from, target_fd, op->to, false, moved) < 0)
		return -1;
	if (op->announce)
		printf("Moved %s to %s/%s\n", op->from, plan->target, op->to);
	return 0;
}

static int remove_entry(int root_fd, const char *path, int flags)
{
	MEL_HELPER_FREE char *parent = mel_tree_parent(path);
	MEL_HELPER_CLOSE int fd = mel_tree_open(root_fd, parent);

	return fd < 0 ? -1 : unlinkat(fd, path + strlen(parent) + (*parent != '\0'), flags);
}

/* False when path stays: not empty, or no directory. The folder itself ("") always stays. */
static bool remove_if_empty(const struct mel_split_plan *plan, const char *path)
{
	return *path && remove_entry(plan->source_fd, path, AT_REMOVEDIR) == 0;
}

static void remove_upwards(const struct mel_split_plan *plan, const char *path)
{
	char *at = mel_helper_copy(path, strlen(path));

	while (remove_if_empty(plan, at)) {
		char *parent = mel_tree_parent(at);

		free(at);
		at = parent;
	}
	free(at);
}

static void remove_downwards(const struct mel_split_plan *plan, const char *path)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };

	if (mel_tree_names(plan->source_fd, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *child = mel_helper_join(path, names.item[i]);

		remove_downwards(plan, child);
	}
	remove_if_empty(plan, path);
}

static int run_op(const struct mel_split_plan *plan, const struct mel_split_op *op,
		  int target_fd, size_t *moved)
{
	switch (op->action) {
	case MEL_SPLIT_MOVE:
		return move(plan, op, target_fd, moved);
	case MEL_SPLIT_UNLINK:
		return is_there(plan, op->from) ? remove_entry(plan->source_fd, op->from, 0)
						: 0;
	case MEL_SPLIT_RMDIR:
		remove_if_empty(plan, op->from);
		return 0;
	case MEL_SPLIT_RMDIRS:
		remove_upwards(plan, op->from);
		return 0;
	default:
		remove_downwards(plan, op->from);
		return 0;
	}
}

/* Could path be made below root_fd? A link or a file on the way is an error. */
static bool can_make(int root_fd, const char *path)
{
	MEL_HELPER_CLOSE int fd = mel_tree_open(root_fd, path);

	return fd >= 0 || errno == ENOENT;
}

/* Every move of the plan, tried against the target as it is now. */
static int check(const struct mel_split_plan *plan, int target_fd)
{
	size_t ignored = 0;

	for (size_t i = 0; i < plan->len; i++) {
		const struct mel_split_op *op = &plan->op[i];
		MEL_HELPER_FREE char *parent = mel_tree_parent(op->to ? op->to : "");

		if (op->action != MEL_SPLIT_MOVE || !is_there(plan, op->from))
			continue;
		if (!can_make(target_fd, parent) ||
		    mel_tree_move(plan->source_fd, op->from, target_fd, op->to, true,
				  &ignored) < 0)
			return fail_op(plan, op);
	}
	return 0;
}

int mel_split_plan_run(struct mel_split_plan *plan, size_t *moved)
{
	MEL_HELPER_CLOSE int target_fd = -1;

	*moved = 0;
	if (plan->len == 0)
		return 0;
	if (mel_helper_mkdirs(plan->target) < 0 ||
	    (target_fd = open(plan->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		mel_helper_fail_errno("split: cannot open '%s'", plan->target);
		return -1;
	}
	if (check(plan, target_fd) < 0)
		return -1;
	for (size_t i = 0; i < plan->len; i++)
		if (run_op(plan, &plan->op[i], target_fd, moved) < 0)
			return fail_op(plan, &plan->op[i]);
	return 0;
}

static void keep_path(void *path)
{
	(void)path; /* the operations own the paths */
}

void mel_split_plan_clear(struct mel_split_plan *plan)
{
	tdestroy(plan->moving, keep_path);
	for (size_t i = 0; i < plan->len; i++) {
		free(plan->op[i].from);
		free(plan->op[i].to);
	}
	free(plan->op);
}
