/* Prints a number that takes the compiler some time: see table.h. */
#include <stdio.h>

#include "table.h"

int main(void)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		sum += table[i];
	printf("%lu\n", sum);
	return 0;
}
