/*
 * plan.h - the moves of one `split`, listed first and carried out afterwards.
 */
#pragma once

#include "guest/tree.h"

enum mel_split_action {
	MEL_SPLIT_MOVE,   /* from in the source to to in the target, merging */
	MEL_SPLIT_UNLINK, /* remove the entry from, if it is there */
	MEL_SPLIT_RMDIR,  /* remove the directory from if it is empty */
	MEL_SPLIT_RMDIRS, /* the same, then its parents */
	MEL_SPLIT_CLEAN,  /* every empty directory below from, and from; deepest first */
	MEL_SPLIT_ACTIONS,
};

struct mel_split_op {
	enum mel_split_action action;
	bool announce;   /* print "Moved A to B" */
	char *from, *to; /* owned; to only for MOVE */
};

struct mel_split_plan {
	const char *source, *target; /* borrowed paths, for messages */
	int source_fd;
	struct mel_split_op *op;
	size_t len, cap;
	void *moving; /* tsearch(3) tree of each `from` of a MOVE; borrows from op */
};

/* Add an operation; paths are copied, to may be NULL. */
void mel_split_plan_add(struct mel_split_plan *plan, enum mel_split_action action,
			const char *from, const char *to);

/* Add a MOVE to the same path unless it, or a directory above it, is moved already. */
bool mel_split_plan_move_same(struct mel_split_plan *plan, const char *path);

/*
 * Check the whole plan for conflicts, then carry it out. *moved is the number of entries moved
 * that are no directories. 0, or -1 after an error line.
 */
int mel_split_plan_run(struct mel_split_plan *plan, size_t *moved);

/* Free what the plan owns, not its fd. */
void mel_split_plan_clear(struct mel_split_plan *plan);
