#!/bin/bash
# SPDX-License-Identifier: MIT
# make -j4 in the middle of a build: C files with headers and dependency files, generated ones, a make within make that shares the
# jobs, an archive and a program. What it has built in the end is what an undisturbed build makes, byte for byte.
# time-out: 300
. "$(dirname "$0")/lib.sh"
need make gcc ar sed

mkdir -p src/part
for ((n = 0; n < 24; n++)); do
	dir=src
	[ $((n % 3)) = 0 ] && dir=src/part
	cat >$dir/unit$n.c <<END
#include "unit$n.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

unsigned unit$n(unsigned seed)
{
	char text[64][32], *sorted[64];
	unsigned sum = generated$((n % 4))(seed);

	for (int i = 0; i < 64; i++)
		snprintf(sorted[i] = text[i], 32, "%08x", seed = seed * 69069 + $n);
	qsort(sorted, 64, sizeof(*sorted), compare);
	for (int i = 0; i < 64; i++)
		sum = sum * 31 + (unsigned)strtoul(sorted[i], NULL, 16) % (i + 1 + $n);
	return sum;
}
END
	printf '#include "all.h"\nunsigned unit%d(unsigned);\n' $n >src/unit$n.h
done
{
	for ((n = 0; n < 4; n++)); do echo "unsigned generated$n(unsigned);"; done
} >src/all.h
{
	for ((n = 0; n < 24; n++)); do echo "#include \"unit$n.h\""; done
	echo '#include <stdio.h>'
	echo 'int main(void) { unsigned s = 1;'
	for ((n = 0; n < 24; n++)); do echo "s = unit$n(s);"; done
	echo 'printf("%u\n", s); return 0; }'
} >src/main.c
cat >src/Makefile <<'END'
CFLAGS = -O1 -g -MMD -I.
OBJECTS = $(patsubst %.c,%.o,$(wildcard unit*.c)) main.o generated0.o generated1.o generated2.o generated3.o
program: $(OBJECTS) part.a
	$(CC) -o $@ $(OBJECTS) part.a
part.a: FORCE
	+$(MAKE) -C part
generated%.c:
	@for i in 1 2 3 4 5 6; do echo "/* $$i */"; sleep 0.02; done >$@.tmp
	@echo 'unsigned generated$*(unsigned x) { return x ^ $*; }' | sed 's/^/ /' | cat $@.tmp - >$@.tmp2
	@rm -f $@.tmp; mv $@.tmp2 $@
FORCE:
.SECONDARY:
-include $(wildcard *.d)
END
cat >src/part/Makefile <<'END'
CFLAGS = -O1 -g -pipe -I..
../part.a: $(patsubst %.c,%.o,$(wildcard *.c))
	rm -f $@
	ar crD $@ $^
END

built() { # of every file its name and sum
	(cd work && find . -type f ! -name '*.tmp*' -print0 | sort -z | xargs -0 sha256sum)
}
job() {
	rm -rf work
	cp -r src work
	exec make -j4 --no-print-directory -C work --output-sync=line
}
undisturbed bash -c "$(declare -f job); job"
./work/program >want.sum || fail "the program does not run"
built >want.built
sort want.out >want.sorted
restore_ways=(--pids=auto) # that is, none; make keeps the numbers of its children, so it cannot come back under others
cmp() { # the order of lines is left to chance
	sort out | command cmp want.sorted -
}
check() {
	built >got.built
	diff want.built got.built || fail "what was built differs"
	./work/program | command cmp want.sum - || fail "the program is another"
	[ -z "$(find . -name 'cc*.*' -newer want.sum)" ] || fail "left behind: $(find . -name 'cc*.*')"
}
come_back bash -c "$(declare -f job); job"
