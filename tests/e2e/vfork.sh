#!/bin/bash
# SPDX-License-Identifier: MIT
# Parents in vfork(2): dumped at random moments, again and again while they run on, and killed and restored; a shell that runs its commands so;
# and one whose child takes too long, which is refused and goes on.
. "$(dirname "$0")/lib.sh"

build vforker

# Dumped as often as it goes.
./vforker 400 2 >out 2>&1 &
pid=$!
dumps=0
while kill -0 "$pid" 2>/dev/null; do
	pdump --quiet "$pid" live.tar 2>pdump.err && dumps=$((dumps + 1))
	grep -v 'there is no process\|is a zombie' pdump.err && fail "$(cat pdump.err)"
	: >pdump.err
done
wait "$pid" || fail "status $?: $(cat out)"
[ "$(cat out)" = "800 children" ] || fail "$(cat out)"
echo "dumped $dumps times"
[ $dumps -gt 3 ] || fail "it was dumped $dumps times only"

# It waits for children by their numbers, so it needs the old ones.
ways=("${restore_ways[@]}")
restore_ways=(--detach)
may_namespace && { undisturbed ./vforker 100 2; come_back ./vforker 100 2; }
restore_ways=("${ways[@]}")

# shellcheck disable=SC2016
loop='i=0; while [ $i -lt 120 ]; do i=$((i + 1)); /bin/echo $i; done'
shell=(sh)
command -v dash >/dev/null && shell=(dash)
undisturbed "${shell[@]}" -c "$loop"
come_back "${shell[@]}" -c "$loop"

# Five seconds for a child: longer than we wait.
./vforker 1 5000 >out 2>&1 &
pid=$!
in_vfork() { grep -q '^State:.D' "/proc/$pid/task/$pid/status"; }
until_true 4 in_vfork || skip "the parent is not seen in vfork"
pdump --quiet --timeout=1 "$pid" image.tar 2>pdump.err && fail "it was dumped in the middle of vfork"
grep -q "process $pid (vforker) cannot be stopped while it waits in vfork for its child [0-9]* (vforker, state S)" pdump.err ||
	fail "$(cat pdump.err)"
child=$(pgrep -P "$pid" | head -n 1)
pdump --quiet "$child" image.tar 2>pdump.err && fail "the child of a vfork was dumped by itself"
grep -q "shares its address space with its parent, pid $pid" pdump.err || fail "$(cat pdump.err)"
wait "$pid" || fail "status $?: $(cat out)"
[ "$(cat out)" = "2 children" ] || fail "$(cat out)"
