#!/bin/bash
# SPDX-License-Identifier: MIT
# A session whose leader has ended: what is left of it, each a child of init, is dumped as a whole and comes back beside each other.
. "$(dirname "$0")/lib.sh"

ways=(--pids=new)
may_namespace && ways+=(--pids=namespace)

# What the session consists of. Whoever took in its orphans may not ask for their status.
members() { ps -o state=,args= -s "$1" | grep -v '^Z' | cut -c3- | sort; }
is_empty() { [ -z "$(members "$1")" ]; }
all_there() { [ "$(members "$1" | wc -l)" = 5 ]; }
reads() { [ "$(cat out)" = "$1" ]; }

for way in "${ways[@]}"; do
	rm -f image.tar pid fifo leader
	mkfifo fifo
	: >out
	# A pipeline, a pair of parent and child, and one by itself.
	setsid sh -c 'echo $$ >leader
		(sh -c "cat fifo; sleep 301" | cat >>out) &
		sleep 302 &' </dev/null >/dev/null 2>&1
	until_true 10 test -s leader || fail "the session did not begin"
	session=$(cat leader)
	wait_gone "$session" 10
	until_true 10 all_there "$session" || fail "the session has $(members "$session")"
	members "$session" >before
	pid=$(pgrep -s "$session" -fx 'sleep 302')

	# Not with the one that does it inside.
	setsid sh -c 'pdump --session $$ inside.tar 2>inside.err; sleep 1'
	grep -q 'pdump (pid [0-9]*) itself is among the processes' inside.err || fail "$(cat inside.err)"

	must pdump --check --session "$pid"
	must pdump --session --kill "$pid" image.tar
	until_true 10 is_empty "$session" || fail "of the session are left: $(members "$session")"
	[ "$(pinspect image.tar | grep -c '^process ')" = 5 ] || fail "$(pinspect image.tar)"

	must prestore --detach "$way" --pidfile=pid image.tar
	restored=$(ps -o sid= -p "$(cat pid)" | tr -d ' ')
	members "$restored" >after
	cmp before after || fail "$way: the session was $(cat before) and is $(cat after)"
	for one in $(pgrep -s "$restored"); do
		[ "$(ps -o stat= -p "$one")" != T ] || fail "process $one is stopped"
	done
	(cd "/proc/$(pgrep -s "$restored" -fx 'cat fifo')/cwd" && echo through >fifo)
	until_true 10 reads through || fail "the pipeline brought '$(cat out)'"
	pkill -KILL -s "$restored"
	echo "$way: $(wc -l <before) processes"
done

# Processes that come, lose their parents and end all the time: whatever is met can be made again.
# shellcheck disable=SC2016
churn='i=0; while [ $i -lt 2000 ]; do i=$((i + 1))
	(sleep 0.05 & sh -c "sleep 0.03 & sleep 0.02" &)
	(setsid sh -c "sleep 0.02 & sleep 0.01" &)
done'
setsid sh -c "echo \$\$ >leader; $churn" </dev/null >/dev/null 2>&1 &
sleep 0.3
session=$(cat leader)
for ((i = 0; i < 3 * repeat; i++)); do
	way=${ways[i % ${#ways[@]}]}
	rm -f pid
	must pdump --quiet --session "$session" image.tar
	must prestore --quiet --detach "$way" --stopped --verify --pidfile=pid image.tar
	pkill -KILL -s "$(cat pid)"
	kill -KILL "$(cat pid)" 2>/dev/null
done
pkill -KILL -s "$session"
exit 0
