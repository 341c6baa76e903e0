#!/bin/bash
# SPDX-License-Identifier: MIT
# pdump killed at moments all over its work while it holds ten processes: all of them go on as if nothing had been, the one that was
# stopped stays so, and no copy of them is left.
# time-out: 300
. "$(dirname "$0")/lib.sh"
need pgrep setsid

build band
build killer
mkdir images
setsid ./band >out 2>err </dev/null &
target=$!
until_true 10 [ -s beats ] || fail "it does not start: $(cat err)"
only_ten() { [ "$(pgrep -c -x band -u "$(id -u)" -r D,R,S,T,t)" = 10 ]; }
for snapshot in fork stop; do
	./killer $((${PIMAGE_KILLS:-60} / 2)) "$target" images/final.tar \
		pdump --quiet --snapshot=$snapshot "$target" images/final.tar ||
		fail "--snapshot=$snapshot: $(cat err)"
	until_true 10 only_ten || fail "--snapshot=$snapshot: there are $(pgrep -a -x band)"
done
[ -z "$(ls -A images)" ] || fail "left behind: $(ls -A images)"
# They still can be dumped, and come back.
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
until_true 10 eval '! pgrep -x band -u "$(id -u)" -r D,R,S,T,t' || fail "not all were killed: $(pgrep -a -x band)"
: >restored
must prestore --quiet --detach --pidfile=pid image.tar
must ./killer 0 "$(cat pid)"
kill -TERM "$(cat pid)"
wait_gone "$(cat pid)"
[ "$(cat out)" = fine ] || fail "the target says: $(cat out err)"
[ -s err ] && fail "$(cat err)"
exit 0
