/*
 * patch_undo.h - takes back what patch(1) did, from the backups it made.
 */
#pragma once

/*
 * Put the originals below folder (relative to the working directory, made by
 * `patch --backup --prefix=folder/`) back and remove the files that did not exist before.
 * 0, or -1 after an error line.
 */
int mel_patch_undo(const char *folder);

/* Remove folder and all below it; a missing one is fine. 0, or -1 after an error line. */
int mel_patch_forget(const char *folder);
