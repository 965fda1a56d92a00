/*
 * helper.h - the guest's helper: a small static program that built-in pipeline definitions call
 * inside the guest as /.melange/helper VERB ARGUMENTS. It does what is awkward or unsafe in
 * shell: moving trees, digests, word lists, patch series. It needs nothing of the guest but the
 * kernel and, for some verbs, one program (tar, strip, patch).
 *
 * A verb returns the exit status of the program. Log lines go to stdout, errors to stderr.
 */
#pragma once

/* Exit status of `fetch` when the file has to be downloaded first (EX_TEMPFAIL, sysexits.h). */
#define MEL_HELPER_MISS 75

/*
 * fetch --cache DIR --uri URI [--sha256 HEX] [--sha512 HEX] [--none TEXT]
 *       [--part FILE] [--failed REASON]
 * Put the artefact of a URI into the working directory under its base name: from DIR when it is
 * there as sha256:HEX or sha512:HEX, or a file of that name that has the digest, or FILE, a
 * finished download. Everything is verified unless TEXT is not empty. Status: 0, 1 (refused) or
 * MEL_HELPER_MISS. With REASON only the error for an artefact that cannot be had is printed.
 */
int mel_helper_fetch(int argc, char **argv);

/* verify FILE sha256|sha512 HEX: 0 when FILE has that digest, in either case of letters. */
int mel_helper_verify(int argc, char **argv);

/*
 * unpack --strip N --directory DIR FILE: make DIR and unpack the archive FILE into it by the
 * guest's tar, leaving out N leading components of each name.
 */
int mel_helper_unpack(int argc, char **argv);

/*
 * split RULE [--package NAME] [--prefix P] [--patterns TEXT] [--paths TEXT]: move what RULE
 * names from another package's folder into the current one. Folders come from the environment:
 * MELANGE_DESTDIR, MELANGE_OUTDIR, MELANGE_CONTEXTDIR, MELANGE_CONTEXT_NAME.
 */
int mel_helper_split(int argc, char **argv);

/*
 * strip --arch ARCH --opts WORDS DIR: run the guest's strip(1) over each executable and shared
 * object of ARCH below DIR; owner, mode, times, xattrs and links stay.
 */
int mel_helper_strip(int argc, char **argv);

/*
 * patch-series --strip N --fuzz N [--series FILE] [--patches WORDS]: apply patches by the
 * guest's patch(1), all or none.
 */
int mel_helper_patch_series(int argc, char **argv);

/*
 * open-up DIR: let everybody read what lies below DIR and belongs to other ids than ours; the
 * modes of what was changed are printed before, as "MODE PATH", each with a NUL behind.
 */
int mel_helper_open_up(int argc, char **argv);

/*
 * exec COMMAND [ARGUMENT | --words TEXT | --text TEXT]...: become COMMAND, with the words of
 * each
 * --words as separate arguments, and a --text as one, variables put in (words.h).
 */
int mel_helper_exec(int argc, char **argv);
