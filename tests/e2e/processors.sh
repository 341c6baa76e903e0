#!/bin/bash
# SPDX-License-Identifier: MIT
# prestore keeps to one processor for a while: nobody who stays may be left bound to it.
# user: user root
. "$(dirname "$0")/lib.sh"

allowed() {
	local key value
	while read -r key value; do
		[ "$key" = Cpus_allowed_list: ] && echo "$value"
	done <"$1/status" 2>/dev/null
}
mine=$(allowed /proc/$$)
[[ $mine == *[,-]* ]] || skip "there is one processor only"

# spread WHO: every thread of this test may run where this shell may; prints how many processes that are beside it.
spread() {
	local dir task n=0 value variables
	for dir in /proc/[0-9]*; do
		{ mapfile -d '' variables <"$dir/environ"; } 2>/dev/null || continue
		[[ " ${variables[*]} " == *" PIMAGE_TEST=$PIMAGE_TEST "* ]] || continue
		for task in "$dir"/task/*; do
			value=$(allowed "$task")
			[ -z "$value" ] || [ "$value" = "$mine" ] ||
				fail "$1: $(tr '\0' ' ' <"$dir/cmdline") ($task) is bound to $value of $mine"
		done
		[ "${dir#/proc/}" = $$ ] || n=$((n + 1))
	done
	[ $n -ge 3 ] || fail "$1: only $n processes found"
}

sh -c 'sleep 1000 & sleep 1001 & echo ready; wait' </dev/null >out 2>&1 &
target=$!
until_true 20 file_says ready out || fail "it does not start: $(cat out)"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null

ways=(new)
may_namespace && ways+=(namespace)
for way in "${ways[@]}"; do
	for stay in "" --detach; do
		rm -f pid
		# shellcheck disable=SC2086
		prestore --quiet --pids="$way" $stay --pidfile=pid image.tar 2>err &
		until_true 30 [ -s pid ] || fail "$way $stay: $(cat err)"
		[ -z "$stay" ] || wait $! || fail "$way $stay: $(cat err)"
		# Whoever waits for them does so soon after.
		pause 100
		spread "--pids=$way $stay"
		# A shell that waits for the numbers of before would not end by itself.
		# shellcheck disable=SC2046
		kill -9 "$(cat pid)" $(pgrep -P "$(cat pid)")
		wait_gone "$(cat pid)"
		wait
	done
done
