/* The subcommands of the program. */
#pragma once

/* Run the program with the arguments of main; the exit status. */
int mel_cmd_main(int argc, char **argv);
