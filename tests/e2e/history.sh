#!/bin/bash
# SPDX-License-Identifier: MIT
# pdump --every: each generation is a complete image though it stores only what was written; old ones go; pdump may die at
# any moment.
# time-out: 300
. "$(dirname "$0")/lib.sh"

build rewriter

images() { find history -name '0*.tar' | sort; }
some() { [ "$(images | wc -l)" -ge "$1" ]; }
newer() { [ "$(images | tail -n 1)" != "$1" ]; }

# Every image in the folder must come back by itself.
all_come_back() {
	local image
	for image in $(images); do
		must pinspect verify "$image" >verified
		rewriter_back "$image" "$image"
	done
}

rewriter_start lost
pdump --verbose --every 1s --keep 3 "$target" history 2>steps &
dump=$!
until_true 20 some 4 || fail "no images: $(cat steps)"
grep -q 'no writes can be watched' steps && { kill "$dump" "$target"; skip "writes cannot be watched here"; }
last=$(images | tail -n 1)
until_true 20 newer "$last" || fail "it does not go on: $(cat steps)"
echo "== old ones are gone, latest.tar leads to the newest"
until_true 20 test ! -e history/000001.tar || fail "old images stay: $(images)"
kill -TERM $dump
wait $dump || fail "status $? at SIGTERM: $(cat steps)"
[ "$(images | wc -l)" -le 5 ] || fail "too many are left: $(images)"
[ "$(readlink -f history/latest.tar)" = "$(readlink -f "$(images | tail -n 1)")" ] || fail "latest.tar leads elsewhere"
grep -q ' uw' "/proc/$target/smaps" && fail "its writes are still watched"
for image in $(images); do
	must pinspect "$image" >summary
	grep -qE 'did not change since|its working set' summary || fail "$image holds everything, and not what was written last: $(cat summary)"
done
rewriter_end "$target" "the original"

echo "== most of what did not change is not stored again"
rm -f out
"$python3" -c 'import os, sys, time
keep = os.urandom(64 << 20)
print("ready", flush=True)
while True: time.sleep(0.1)' >out 2>/dev/null </dev/null &
target=$!
until_true 20 file_says ready out || fail "python does not start"
rm -rf history
pdump --quiet --every 1s --keep 4 "$target" history 2>steps &
dump=$!
until_true 30 some 2 || fail "no images: $(cat steps)"
kill -TERM $dump
wait $dump
first=$(stat -c %s history/000001.tar) second=$(stat -c %s history/000002.tar)
[ $((second * 10)) -lt "$first" ] || fail "the second image has $second bytes of $first"

must pinspect history/000002.tar >summary
grep -q 'did not change since are in 000001.tar' summary || fail "the summary does not tell: $(cat summary)"

echo "== flatten makes one that stands alone, with the same contents"
must pinspect flatten history/000002.tar alone.tar
must pinspect verify alone.tar >verified
must pinspect diff history/000002.tar alone.tar
must cp history/000002.tar elsewhere.tar
prestore --detach elsewhere.tar 2>said && fail "an image was restored without the one that it leads to"
grep -q '000001.tar' said || fail "the one that is missing is not named: $(cat said)"
must prestore --quiet --detach --pidfile=pid alone.tar
kill "$(cat pid)"
echo "== another image under the name is told"
mv history/000001.tar history/first.tar
cp alone.tar history/000001.tar
prestore --detach history/000002.tar 2>said && fail "another image was taken for the one before"
grep -q 'another one' said || fail "not told: $(cat said)"
kill "$target"
wait "$target" 2>/dev/null

echo "== what is written and holds what it held is not stored again, nor is shared memory"
rm -rf history out
"$python3" "$E2E/history.py" >out 2>err </dev/null &
target=$!
until_true 20 file_says ready out || fail "python does not start: $(cat err)"
pdump --quiet --every 1s --keep 40 "$target" history 2>steps &
dump=$!
until_true 30 some 3 || fail "no images: $(cat steps)"
kill -TERM $dump
wait $dump
first=$(stat -c %s history/000001.tar) third=$(stat -c %s history/000003.tar)
[ $((third * 10)) -lt "$first" ] || fail "the third image has $third bytes of $first"
must pinspect verify history/000003.tar >verified
must pinspect flatten history/000003.tar alone.tar
must pinspect verify alone.tar >verified
must pinspect diff history/000003.tar alone.tar
must pinspect cat history/000003.tar shm/1.json >json
grep -q '"before": 1' json || fail "no shared pages are in the image before: $(cat json)"
kill -TERM "$target"
wait "$target"
grep -q fine out || fail "the original: $(cat out err)"
for image in history/00000[123].tar alone.tar; do
	for how in "" --verify; do
		rm out
		touch out
		must prestore --quiet --detach --pidfile=pid $how "$image"
		kill -TERM "$(cat pid)"
		wait_gone "$(cat pid)"
		grep -qa fine out || fail "$image $how: $(cat out err)"
	done
done

echo "== it ends with the process"
sleep 100 >/dev/null 2>&1 &
target=$!
rm -rf history
pdump --quiet --every 1s "$target" history 2>steps &
dump=$!
until_true 20 some 1 || fail "no image: $(cat steps)"
kill "$target"
wait $dump || fail "status $? when the process had ended: $(cat steps)"

for ((i = 0; i < repeat; i++)); do
	echo "== killed at any moment"
	rewriter_start
	rm -rf history
	pdump --quiet --every 1s --keep 2 "$target" history 2>steps &
	dump=$!
	until_true 20 some 1 || fail "no image: $(cat steps)"
	sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
	kill -KILL $dump
	wait $dump 2>/dev/null
	rewriter_end "$target" "the original"
	all_come_back
done
