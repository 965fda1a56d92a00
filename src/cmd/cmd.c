/* Dispatch of subcommands. */
#include "cmd/cmd.h"

int mel_cmd_main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 ? 2 : 0;
}
