#!/bin/bash
# SPDX-License-Identifier: MIT
# Twelve children of a Python that has changed its memory since: what they have in common with each other is in the image once, and
# so is what each has read from elsewhere to an address of its own. Everything that reads an image finds it.
# user: user root
# time-out: 300
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

children=12

ready() { file_says ready out; }

# well HOW: the restored processes find what they had.
well() {
	local pid
	pid=$(cat pid)
	: >out
	kill -USR1 "$pid" || fail "$1: it has ended: $(tail -n 3 out)"
	wait_gone "$pid" 60
	grep -qa "all is well" out || fail "$1: $(tail -n 3 out)"
}

"$python3" "$E2E/siblings.py" $children </dev/null >out 2>&1 &
target=$!
until_true 120 ready || fail "the target does not start: $(tail -n 3 out)"
must pdump --quiet --kill $target image.tar
wait $target 2>/dev/null
size=$(stat -c %s image.tar)
echo "image: $((size >> 10)) KiB"
# Two times 2 MiB and half a MiB that cannot be made smaller, and what each child has changed.
[ "$size" -lt $((12 << 20)) ] || fail "an image of $size bytes has the same pages more than once"
must pinspect cat image.tar pimage.json >pimage
grep -q same_pages pimage || fail "no pages are told to be the same: $(cat pimage)"
# Threads of pdump share one, which nobody else does.
grep semop pimage && fail "a list of what semop(2) is to undo is lost, and there is none"
must pinspect verify image.tar >verified

echo "== extracted and packed, and flattened"
must pinspect extract image.tar folder
must pinspect pack folder packed.tar
must pinspect diff image.tar packed.tar
must pinspect flatten image.tar flat.tar
must pinspect diff image.tar flat.tar

echo "== back, from a pipe too, and dumped again"
must prestore --quiet --detach --pidfile=pid image.tar
must pdump --quiet "$(cat pid)" again.tar
must pinspect diff image.tar again.tar
[ "$(stat -c %s again.tar)" -lt $((12 << 20)) ] || fail "the second image has the same pages more than once"
well "from a file"
must prestore --quiet --detach --pidfile=pid - <image.tar
well "from a pipe"
must prestore --quiet --detach --verify --pidfile=pid packed.tar
well "--verify"
must prestore --quiet --detach --pids=new --pidfile=pid flat.tar
well "--pids=new"
must prestore --quiet --detach --lazy --pidfile=pid image.tar
well "--lazy"

echo "== in a history, too"
"$python3" "$E2E/siblings.py" $children </dev/null >out 2>&1 &
target=$!
until_true 120 ready || fail "the target does not start: $(tail -n 3 out)"
pdump --quiet --every 1s --keep 9 $target history 2>steps &
dump=$!
until_true 60 test -e history/000003.tar || fail "no images: $(cat steps)"
kill -TERM $dump
wait $dump
# Its own records are most of it: whether writes can be watched or not.
[ "$(stat -c %s history/000003.tar)" -lt $((4 << 20)) ] || fail "the third image holds much: $(ls -l history)"
must pinspect verify history/000003.tar >verified
must pinspect flatten history/000003.tar flat.tar
must pinspect diff history/000003.tar flat.tar
[ "$(stat -c %s flat.tar)" -lt $((12 << 20)) ] || fail "flattened, it has the same pages more than once"
pkill -KILL -P "$target"
kill -KILL "$target"
wait $target 2>/dev/null
for image in history/000003.tar flat.tar; do
	must prestore --quiet --detach --pidfile=pid "$image"
	well "$image"
done
