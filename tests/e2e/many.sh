#!/bin/bash
# SPDX-License-Identifier: MIT
# Many jobs from one image at the same time: each is whole, and goes on by itself.
# user: user root
# time-out: 180
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

copies=6
ready() { [ "$(grep -c ready out)" = 3 ]; }
all_done() { [ "$(sort finished | uniq -c | grep -c "^ *$copies ok")" = 3 ]; }

"$python3" "$E2E/lazy.py" 8 </dev/null >out 2>&1 &
target=$!
until_true 30 ready || fail "the target does not start: $(cat out)"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null

ways=(--pids=new)
may_namespace && ways+=(--pids=namespace "--pids=namespace --lazy")
for way in "${ways[@]}"; do
	echo "$way"
	rm -f finished
	jobs=()
	for ((i = 0; i < copies; i++)); do
		# shellcheck disable=SC2086
		prestore --quiet --detach $way --pidfile="pid.$i" image.tar 2>"err.$i" &
		jobs+=($!)
	done
	for ((i = 0; i < copies; i++)); do
		wait "${jobs[i]}" || fail "$way: status $? of copy $i: $(cat "err.$i")"
	done
	for ((i = 0; i < copies; i++)); do kill -USR1 "$(cat "pid.$i")" || fail "$way: copy $i has ended: $(cat out)"; done
	for ((i = 0; i < copies; i++)); do wait_gone "$(cat "pid.$i")"; done
	all_done || fail "$way: not all have ended well: $(sort finished | uniq -c) $(tail -n 5 out)"
done
