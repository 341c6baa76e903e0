#!/bin/bash
# SPDX-License-Identifier: MIT
# pdump killed at 200 moments all over its work: the target goes on as if nothing had been.
# time-out: 180
. "$(dirname "$0")/lib.sh"

build steady
build killer
mkdir images
./steady >out 2>err </dev/null &
target=$!
until_true 10 [ -s beats ]
vmas=$(wc -l </proc/$target/maps)
./killer "${PIMAGE_KILLS:-200}" "$target" images/final.tar pdump --quiet "$target" images/final.tar ||
	fail "$(cat err)"
[ -z "$(ls -A images)" ] || fail "left behind: $(ls -A images)"
# A kill may leave what the process had borrowed; it must not add up.
now=$(wc -l </proc/$target/maps)
echo "mappings of the target: $vmas before, $now after"
# It still can be dumped, and comes back.
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
must prestore --quiet --detach --pidfile=pid image.tar
must ./killer 0 "$(cat pid)"
kill -TERM "$(cat pid)"
wait_gone "$(cat pid)"
[ "$(cat out)" = fine ] || fail "the target says: $(cat out err)"
