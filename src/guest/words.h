/*
 * words.h - a list of words written in one text, as a build file's author writes it.
 */
#pragma once

#include "guest/util.h"

/*
 * Append the words of text to out. Words are separated by blanks and line feeds. As in a shell,
 * '...', "..." and \ quote, a \ at the end of a line joins lines, # at the start of a word
 * opens a comment, $NAME, ${NAME}, ${NAME:-TEXT} and ${NAME:+TEXT} are the environment's values
 * (outside double quotes they are split into words), and $(COMMAND) is what one of the harmless
 * commands of command.h prints. Unlike in a shell nothing else is executed, or matched against
 * file names: back-quotes, other ${...} and unquoted ; & | < > ( ) are refused.
 * 0, or -1 with *why a constant text that says what is wrong.
 * Source: POSIX.1-2017, Shell Command Language, 2.2, 2.3 and 2.6.
 */
int mel_helper_words(struct mel_helper_list *out, const char *text, const char **why);

/*
 * Append text as one word, read as a shell reads what stands in double quotes; a " itself is
 * left out. Otherwise as above.
 */
int mel_helper_text(struct mel_helper_list *out, const char *text, const char **why);
