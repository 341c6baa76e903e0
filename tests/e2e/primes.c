/* SPDX-License-Identifier: MIT */
/* Counts primes, then plainly counts, in one thread and without any call in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	enum { LIMIT = 4000000 };
	volatile unsigned long sum = 0;
	char *composite = calloc(LIMIT, 1);
	long primes = 0;
	double series = 0;

	for (int n = 2; n < LIMIT; n++) {
		if (composite[n])
			continue;
		primes++;
		for (long m = (long)n * n; m < LIMIT; m += n)
			composite[m] = 1;
		series += 1.0 / n;
	}
	for (long i = 0; i < 250000000; i++)
		sum += (unsigned long)i & 3;
	printf("%ld primes, sum %lu, series %.12f\n", primes, sum, series);
	free(composite);
	return 0;
}
