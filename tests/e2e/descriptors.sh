#!/bin/bash
# SPDX-License-Identifier: MIT
# What ends outside, what has moved, what is gone: refused by name, and put right by an option.
# Objects: external
. "$(dirname "$0")/lib.sh"
need flock ps

build holder -o outsider # of its own name, because other tests have holders too

# hold ARGUMENT...: starts the holder with the descriptors that the caller has set up.
hold() {
	./outsider "$@" <&0 & # a job in the background would get /dev/null
	target=$!
	until_true 10 file_says ready out || fail "the holder does not start"
}

# refused PATTERN COMMAND...: fails with a message that has the pattern, and starts nothing.
refused() {
	local pattern=$1
	shift
	"$@" >refused.out 2>&1 </dev/null && fail "not refused: $*"
	grep -qe "$pattern" refused.out || fail "'$pattern' is not in: $(cat refused.out)"
	# Not those that have ended and wait for tests/run, the parent of what is detached.
	[ -n "${running:-}" ] || ! ps -C outsider -o stat= | grep -qv '^Z' || fail "something runs after: $*"
}

# finish ARGUMENT...: restores image.tar and lets it end.
finish() {
	rm -f pid
	must prestore --quiet --detach --pidfile=pid "$@" image.tar
	kill -USR1 "$(cat pid)"
	wait_gone "$(cat pid)" 20
}

echo "a pipe from outside on stdin becomes prestore's own stdin"
: >out
exec 4< <(exec sleep 60)
feeder=$!
hold >>out 2>&1 <&4 4<&-
exec 4<&-
must pdump --quiet --kill "$target" image.tar
kill "$feeder"
pinspect --fds image.tar | grep -q external || fail "stdin is not external: $(pinspect --fds image.tar)"
echo "the rest" >rest
finish <rest
[ "$(cat out)" = "ready
the rest
done" ] || fail "stdin was not prestore's own: $(cat out)"

echo "a pipe from outside elsewhere"
: >out
exec 7> >(exec cat >/dev/null)
hold 7 >>out 2>&1 </dev/null
exec 7>&-
running=1
refused "fd 7 pipe:.*none of the dumped processes" pdump "$target" image.tar
refused "pdump --external=" pdump --check "$target"
running=
must pdump --quiet --kill --external=ask "$target" image.tar
wait_gone "$target"
refused "fd 7: pipe:.* ended outside" prestore image.tar
refused "no process of the image has this descriptor" prestore --fd 7=null --fd 8=null image.tar
refused "expected N=FILE" prestore --fd 7 image.tar
refused "fd 7: pipe:" prestore --plan image.tar
finish --fd 7=null
grep -q "done" out || fail "--fd 7=null: $(cat out)"
finish --fd 7=seven
[ "$(cat seven)" = "to 7" ] || fail "--fd 7=FILE: $(cat seven)"
finish --fd 7=inherit:9 9>nine
[ "$(cat nine)" = "to 7" ] || fail "--fd 7=inherit:9: $(cat nine)"
echo old >log
finish --fd 7=log
[ "$(cat log)" = "old
to 7" ] || fail "--fd overwrites what is in the file: $(cat log)"

echo "a file that has moved"
: >out
hold 5 >>out 2>&1 </dev/null 5>five
must pdump --quiet --kill "$target" image.tar
mkdir moved
mv five moved/
refused "fd 5: .*/five: No such file" prestore image.tar
[ -e five ] && fail "a refused restore has made the file"
mkdir five
refused "five is a directory and was a regular file" prestore image.tar
rmdir five
finish --map-path "$PWD/five=$PWD/moved/five"
[ "$(cat moved/five)" = "to 5" ] || fail "--map-path: $(cat moved/five)"
refused "fd 5: .*/five: No such file" prestore --plan image.tar
finish --fd 5=other
[ "$(cat other)" = "to 5" ] || fail "--fd for a file: $(cat other)"

echo "standard output elsewhere"
: >out
mv moved/five five
finish --fd 1=elsewhere
[ "$(cat elsewhere)" = "done" ] || fail "--fd 1: $(cat elsewhere)"

echo "a deleted file whose name is taken"
: >out
hold 5 >>out 2>&1 </dev/null 5<>gone
must rm gone
must pdump --quiet --kill "$target" image.tar
echo other >gone
prestore --detach --pidfile=pid image.tar >notes 2>&1 || fail "$(cat notes)"
grep -q "another name" notes || fail "no note about the name: $(cat notes)"
kill -USR1 "$(cat pid)"
wait_gone "$(cat pid)" 20
[ "$(cat gone)" = other ] || fail "it wrote into somebody else's file"

echo "a lock that somebody else holds by now"
: >out
exec 6>lock
flock 6
hold 6 >>out 2>&1 </dev/null
exec 6>&-
must pdump --quiet --kill "$target" image.tar
exec 8<lock
flock 8
refused "locked by somebody else" prestore image.tar
exec 8<&-
finish
[ "$(cat lock)" = "to 6" ] || fail "the locked file holds: $(cat lock)"
