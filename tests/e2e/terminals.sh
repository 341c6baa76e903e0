#!/bin/bash
# SPDX-License-Identifier: MIT
# Terminals that are full in both directions: pdump takes what waits in them and puts it back, is killed at all moments of that, and no byte
# is lost, doubled or out of place; nor after a restore.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need pgrep

build terminals
./terminals >out 2>err </dev/null &
target=$!
until_true 10 file_says ready out || { grep -q . out || skip "no pseudo-terminals here"; }
sleep 0.3
descriptors() { find "/proc/$1/fd" -maxdepth 1 -printf '%f ' | sort; }
open=$(descriptors $target)
kills=0
# Two without a pause: the second meets what the first has put back, and what the program has added, more than fits into a new terminal.
undisturbed pdump "$target" killed.tar
undisturbed pdump "$target" killed.tar
grep -q "also for the program itself" want.out && fail "$(cat want.out)"
sleep 0.1
kill -0 "$target" || fail "$(cat out err)"
for ((i = 0; i < ${PIMAGE_KILLS:-20}; i++)); do
	pdump --quiet "$target" killed.tar 2>/dev/null &
	sleep "$(pause_within 0 100)"
	kill -KILL $! 2>/dev/null && kills=$((kills + 1))
	wait $! 2>/dev/null
	rm -f killed.tar
	kill -0 "$target" || fail "$(cat out err)"
	sleep 0.05
done
echo "$kills times killed"
[ "$(descriptors $target)" = "$open" ] || fail "descriptors were $open, are $(descriptors $target)"
for ((i = 0; i < repeat; i++)); do
	pdump --quiet "$target" image.tar || fail "$(tail -n 3 out err)"
	sleep 0.1
	pdump --quiet --kill "$target" image.tar || fail "$(tail -n 3 out err)"
	wait "$target" 2>/dev/null
	# shellcheck disable=SC2086
	must prestore --detach ${restore_ways[i % 4]#--detach} --pidfile=pid image.tar
	target=$(cat pid)
	sleep 0.3
done
kill -TERM "$target"
wait_gone "$target"
read -r word lines more < <(tail -n 1 out)
echo "$(cat out)"
[ "$word" = fine ] && [ "$lines" -gt 100 ] && [ "$more" -gt 100 ] || fail "$(tail -n 3 out err)"
