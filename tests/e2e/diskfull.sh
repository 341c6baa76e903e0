#!/bin/bash
# SPDX-License-Identifier: MIT
# The disk is full at each write of the image: the target goes on, no file has the final name, and the
# message says so.
# time-out: 180
. "$(dirname "$0")/lib.sh"

# expect WHAT STATUS PATTERN: what a failed dump must have left, and said in ./err.
expect() {
	[ "$2" = 8 ] || fail "$1: status $2, expected 8: $(cat err)"
	grep -qi "$3" err || fail "$1: the message does not say '$3': $(cat err)"
	[ -z "$(ls -A images)" ] || fail "$1: left behind: $(ls -A images)"
	./killer 0 "$target" || fail "$1: the target was harmed: $(cat steady.err)"
}

build steady
build killer
build enospc
mkdir images
./steady >out 2>steady.err </dev/null &
target=$!
until_true 10 [ -s beats ]

# At each write: the first ones one by one, then ever fewer.
at=1 failed=0
while :; do
	./enospc $at pdump --quiet "$target" images/final.tar 2>err
	status=$?
	[ $status = 0 ] && break
	expect "write $at" $status "no space left on device"
	failed=$((failed + 1)) at=$((at < 60 ? at + 1 : at * 5 / 4))
done
[ -s images/final.tar ] && [ $failed -ge 3 ] || fail "only $failed writes were reached"
size=$(stat -c %s images/final.tar)
rm images/final.tar
echo "full at $failed of the writes"

# By a limit on the size of a file, without the signal that goes with it.
for part in 0 1 50 99; do
	# The message goes through a pipe: the limit is for every file.
	(
		trap '' XFSZ
		ulimit -f $((size / 1024 * part / 100))
		exec pdump --quiet "$target" images/final.tar
	) 2>&1 | cat >err
	expect "limit of $part %" "${PIPESTATUS[0]}" "file too large"
done

# By a file system that is as small as that: in a namespace of its own, with the target.
cat >inside <<'END'
. "$E2E/lib.sh"
mount -t tmpfs -o size=64k tmpfs images || exit 77
./steady >out 2>steady.err </dev/null &
target=$!
until_true 10 [ -s beats ]
pdump --quiet "$target" images/final.tar 2>err
status=$?
[ $status = 8 ] && grep -qi "no space left" err || fail "small file system: status $status, $(cat err)"
[ -z "$(ls -A images)" ] || fail "small file system: left behind: $(ls -A images)"
./killer 0 "$target" || fail "small file system: $(cat steady.err)"
kill "$target"
wait "$target"
END
kill -TERM "$target"
wait "$target" || fail "the target was harmed: $(cat steady.err)"
rm -f beats
unshare -rm bash inside
case $? in
0) ;;
77) echo "no small file system: not allowed here" ;;
*) if unshare -rm true 2>/dev/null; then fail "$(cat err)"; fi ;;
esac
