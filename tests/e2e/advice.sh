#!/bin/bash
# SPDX-License-Identifier: MIT
# What pdump has read of mappings before it stops a process is not true any more when it does, and it notices: it starts again, and what comes back is right.
# time-out: 240
. "$(dirname "$0")/lib.sh"

build advice
again=0
for ((i = 0; i < 30 && (i < 2 * repeat || again == 0); i++)); do
	# Of a subreaper there is no copy: it is looked at as it stands.
	reaper=()
	[ $((i % 2)) = 0 ] || reaper=(reaper)
	./advice "${reaper[@]}" >out 2>&1 </dev/null &
	target=$!
	until_true 10 grep -q ready out || fail "$(cat out)"
	must pdump --verbose "$target" image.tar 2>log
	[ ${#reaper[@]} = 0 ] || grep -q 'no copy of the memory' log || fail "a subreaper was copied: $(cat log)"
	again=$((again + $(grep -c 'has changed just before' log)))
	kill -0 "$target" || fail "$(cat out)"
	kill -KILL "$target"
	wait "$target" 2>/dev/null
	must pinspect verify image.tar >verified
	must prestore --detach --pidfile=pid image.tar
	target=$(cat pid)
	sleep 0.1
	kill -TERM "$target"
	wait_gone "$target"
	grep -q '^fine' out || fail "$(tail -n 3 out)"
done
echo "$i dumps, $again of them a second time"
[ "$again" -gt 0 ] || fail "nothing changed in time"
