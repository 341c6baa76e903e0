#!/bin/bash
# SPDX-License-Identifier: MIT
# Forty children of a Python that has loaded much: what they have in common is in the image once, and in memory once again
# after a restore. A dump leaves it in common, too.
# time-out: 400
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

children=40

# KiB of anonymous memory of a process and its children; a page that several have counts once.
memory() {
	local files=("/proc/$1/smaps_rollup") pid
	for pid in $(pgrep -P "$1"); do files+=("/proc/$pid/smaps_rollup"); done
	awk '/^Pss_Anon:/ { sum += $2 } END { print sum + 0 }' "${files[@]}"
}

# not_more WHAT NOW BEFORE: by a tenth.
not_more() {
	echo "$1: $2 KiB of memory, at first $3 KiB"
	[ "$2" -le $(($3 + $3 / 10)) ] || fail "$1: $3 KiB of memory became $2 KiB"
}

# timed WHAT COMMAND...
timed() {
	local what=$1 began=${EPOCHREALTIME/[.,]/}
	shift
	must "$@"
	echo "$what: $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) ms"
}

ready() { file_says ready out; }
is_well() { grep -q "all is well" out; }

"$python3" "$E2E/forks.py" $children </dev/null >out 2>&1 &
target=$!
until_true 120 ready || fail "the target does not start: $(tail -n 3 out)"
before=$(memory $target)
[ "$before" -gt 0 ] || skip "this kernel does not tell of anonymous memory (Pss_Anon)"

for how in stop fork; do
	timed "dump, --snapshot=$how" pdump --quiet --snapshot=$how $target $how.tar
	not_more "after a dump, --snapshot=$how" "$(memory $target)" "$before"
done
timed "dump" pdump --quiet --kill $target image.tar
wait $target 2>/dev/null
size=$(stat -c %s image.tar)
echo "image: $((size >> 10)) KiB"
# What cannot be made smaller is in there once: 4 MiB.
[ "$size" -lt $((32 << 20)) ] || fail "an image of $size bytes has the same pages more than once"
must pinspect verify image.tar

ways=(--pids=new)
may_namespace && ways+=(--pids=namespace)
for way in "${ways[@]}"; do
	for generation in 1 2; do
		timed "restore, $way" prestore --quiet --detach "$way" --pidfile=pid image.tar
		pid=$(cat pid)
		not_more "$way, generation $generation" "$(memory "$pid")" "$before"
		[ $generation = 2 ] || timed "dump, $way" pdump --quiet --kill "$pid" image.tar
	done
	: >out
	kill -USR1 "$pid" || fail "$way: it has ended: $(tail -n 3 out)"
	wait_gone "$pid" 120
	is_well || fail "$way: $(tail -n 3 out)"
done
