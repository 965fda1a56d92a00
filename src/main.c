/* The program: everything is in mel_cmd_main. */
#include "cmd/cmd.h"

int main(int argc, char **argv)
{
	return mel_cmd_main(argc, argv);
}
