#!/bin/bash
# SPDX-License-Identifier: MIT
# --progress-fd: lines of JSON that add up; and nobody waits for who does not read them.
# time-out: 120
. "$(dirname "$0")/lib.sh"

cat >check.py <<'END'
import json, sys
program, *phases = sys.argv[2:]
lines = [json.loads(line) for line in open(sys.argv[1])]
assert all(l["program"] == program for l in lines), lines
times = [l["time"] for l in lines]
assert times == sorted(times) and times[0] >= 0, times
pages = [l for l in lines if l["phase"] == "pages"]
assert pages and pages[-1]["done"] == pages[-1]["total"] >= 8 << 20, pages
assert all(a["done"] <= b["done"] for a, b in zip(pages, pages[1:])), pages
seen = [l["phase"] for l in lines if l["phase"] != "pages"]
assert seen == phases, seen
END

"$python3" -c 'import os, time
data = os.urandom(8 << 20)
print("ready", flush=True)
time.sleep(1000)' >out 2>&1 </dev/null &
target=$!
until_true 20 file_says ready out || fail "it does not start: $(cat out)"

echo "== pdump"
must pdump --quiet --snapshot=fork --progress-fd=7 $target image.tar 7>lines
must "$python3" check.py lines pdump stopped state forked let_go written synced
must pdump --quiet --snapshot=stop --progress-fd=7 $target image.tar 7>lines
must "$python3" check.py lines pdump stopped state written let_go synced

echo "== a pipe that nobody reads, and one without a reader"
mkfifo pipe
sleep 1000 <>pipe &
sleeper=$!
"$python3" -c 'import os
pipe = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)
try:
    while True:
        os.write(pipe, b"x" * 4096)
except BlockingIOError:
    pass' || fail "the pipe is not filled"
must timeout 60 pdump --quiet --progress-fd=7 $target image.tar 7<>pipe
kill $sleeper
must pdump --quiet --progress-fd=7 $target image.tar 7> >(exec true)
pdump --progress-fd=99 $target image.tar 2>said && fail "it takes a descriptor that is not there"
grep -q 'progress-fd=99' said || fail "it says: $(cat said)"
kill $target
wait $target 2>/dev/null

echo "== prestore"
must prestore --quiet --detach --pidfile=pid --progress-fd=7 image.tar 7>lines
kill "$(cat pid)"
must "$python3" check.py lines prestore objects processes memory state whole
exit 0
