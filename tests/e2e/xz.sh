#!/bin/bash
# SPDX-License-Identifier: MIT
# xz compressing a file to a file, with one thread and with two: the output is identical.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need xz

seq 1 600000 >input
check() { cmp want.xz input.xz && rm input.xz || fail "the output differs from an undisturbed run"; }
for options in -T1 "-T2 --block-size=1MiB"; do
	# shellcheck disable=SC2086
	undisturbed xz $options -4 -k input
	mv input.xz want.xz
	# shellcheck disable=SC2086
	come_back xz $options -4 -k input
done
