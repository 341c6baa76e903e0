#!/bin/bash
# SPDX-License-Identifier: MIT
# pdump killed at 100 moments all over its work: the target goes on as if nothing had been, and no
# copy of it is left or has ever run.
# time-out: 300
. "$(dirname "$0")/lib.sh"

build steady
build killer
mkdir images
./steady >out 2>err </dev/null &
target=$!
until_true 10 [ -s beats ]
vmas=$(wc -l </proc/$target/maps)
only_one() { [ "$(pgrep -c -x steady -u "$(id -u)" -r D,R,S,T,t)" = 1 ]; }
for snapshot in fork stop; do
	./killer $((${PIMAGE_KILLS:-100} / 2)) "$target" images/final.tar \
		pdump --quiet --snapshot=$snapshot "$target" images/final.tar ||
		fail "--snapshot=$snapshot: $(cat err)"
	until_true 10 only_one || fail "--snapshot=$snapshot: copies are left: $(pgrep -a -x steady)"
done
[ -z "$(ls -A images)" ] || fail "left behind: $(ls -A images)"
# A kill may leave what the process had borrowed; it must not add up.
now=$(wc -l </proc/$target/maps)
echo "mappings of the target: $vmas before, $now after"
# It still can be dumped, and comes back.
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
: >restored
must prestore --quiet --detach --pidfile=pid image.tar
must ./killer 0 "$(cat pid)"
kill -TERM "$(cat pid)"
wait_gone "$(cat pid)"
[ "$(cat out)" = fine ] || fail "the target says: $(cat out err)"
