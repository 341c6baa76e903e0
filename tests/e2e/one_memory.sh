#!/bin/bash
# SPDX-License-Identifier: MIT
# Two processes in one address space (CLONE_VM), which no image can hold: refused before and after they are stopped, and both run on.
. "$(dirname "$0")/lib.sh"

build one_memory

./one_memory >out &
pid=$!
until_true 4 test -s out || fail "it does not begin"
child=$(cat out)
refused() {
	pdump "$@" >told 2>&1 && fail "pdump $*: it was not refused"
	grep -q "pid $child: it shares its address space with pid $pid" told || fail "pdump $*: $(cat told)"
	for one in "$pid" "$child"; do
		grep -q '^State:.[SR]' "/proc/$one/status" || fail "process $one does not run: $(grep State "/proc/$one/status")"
	done
}
refused --check "$pid"
refused "$pid" image.tar
[ ! -e image.tar ] || fail "there is an image"
kill "$pid"
