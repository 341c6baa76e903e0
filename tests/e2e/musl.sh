#!/bin/bash
# SPDX-License-Identifier: MIT
# 200 threads again, with the other C library, which remembers thread ids elsewhere.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need musl-gcc

for flags in "" -static; do
	echo "musl-gcc $flags"
	# shellcheck disable=SC2086
	CC=musl-gcc build workers $flags
	undisturbed ./workers
	come_back ./workers
done
