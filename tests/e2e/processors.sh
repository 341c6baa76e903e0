#!/bin/bash
# SPDX-License-Identifier: MIT
# prestore keeps to one processor for a while: nobody who stays is left bound to it; who was bound himself stays so.
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

# spread WHO: every thread of this test may run where this shell may.
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

both_sleep() { [ "$(pgrep -cx sleep -P "$target")" = 2 ]; }
# dump SCRIPT: what a shell does with it, once that has said that it is ready.
dump() {
	: >out
	sh -c "$1" </dev/null >out 2>&1 &
	target=$!
	until_true 20 file_says ready out || fail "it does not start: $(cat out)"
	until_true 20 both_sleep || fail "not both of its children sleep: $(pgrep -al -P "$target")"
	must pdump --quiet --kill "$target" image.tar
	wait "$target" 2>/dev/null
}
# A shell that waits for the numbers of before would not end by itself.
end() {
	# shellcheck disable=SC2046
	kill -9 "$(cat pid)" $(pgrep -P "$(cat pid)")
	wait_gone "$(cat pid)"
	wait
}

dump 'sleep 1000 & sleep 1001 & echo ready; wait'

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
		end
	done
done

# Who could run everywhere is not bound: on a host with more it runs there, too, and with fewer where prestore does.
need taskset
all=$(taskset -c 0-1023 sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
[ "$all" = "$mine" ] || skip "this shell itself is bound to $mine of $all"
first=${mine%%[,-]*} last=${mine##*[,-]}
dump "taskset -c $last sleep 1000 & sleep 1001 & echo ready; wait"
n=$(tar -xOf image.tar --wildcards 'processes/*/threads/*.json' | grep -c '"affinity"')
[ "$n" = 1 ] || fail "$n threads of three are bound"
must taskset -c "$first" prestore --verify --quiet --pids=new --detach --pidfile=pid image.tar
for pid in $(cat pid) $(pgrep -P "$(cat pid)"); do
	arguments=$(tr '\0' ' ' <"/proc/$pid/cmdline")
	want=$first
	[ "$arguments" = "sleep 1000 " ] && want=$last
	[ "$(allowed "/proc/$pid")" = "$want" ] || fail "$arguments: on $(allowed "/proc/$pid") and not $want"
done
end
