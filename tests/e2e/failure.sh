#!/bin/bash
# SPDX-License-Identifier: MIT
# Something stands in the way of some of ten processes, or fails while the seventh is made: all of it is told at once, each with a
# remedy; none of them is restored, and nothing is left behind. With the remedies they all come back.
# user: user root
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

all_ready() { [ "$(sort -n ready | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 " ]; }
host() { # what must be the same before and after
	find . -mindepth 1 ! -name 'host.*' ! -name message -printf '%p %i %m %s %T@\n' | sort
	awk -v name="$PIMAGE_TEST" '$8 == "@pimage" name || $8 == name "/socket" { print $5, $6, $7, $8 }' /proc/net/unix | sort
	grep -lzxF "PIMAGE_TEST=$PIMAGE_TEST" /proc/[0-9]*/environ 2>/dev/null # its processes
}
# refused WHAT COMMAND...: it fails, and all is as before.
refused() {
	local what=$1
	shift
	host >host.before
	"$@" >message 2>&1 && fail "$what: restored"
	host >host.after
	diff host.before host.after || fail "$what: left behind or taken away"
	echo "== $what: $(cat message)"
}
told() { grep -qe "$1" message || fail "it does not tell '$1': $(cat message)"; }
# problems PATTERN: so many are told, and as many remedies.
problems() {
	local n
	n=$(sed -n 's/^.*In the way (\([0-9]*\)).*/\1/p' message)
	[[ $n =~ ^$1$ ]] || fail "$1 problems were expected: $(cat message)"
	[ "$(sed -n '/In the way/,/^[^ ]/p' message | grep -c '^ *->')" = "$n" ] || fail "remedies are missing: $(cat message)"
}
start() {
	rm -f ready out
	: >ready
	: >out
	"$python3" "$E2E/failure.py" </dev/null >>out 2>&1 &
	job=$!
	until_true 10 all_ready || fail "the job does not start: $(cat out)"
	read -ra children < <(sed 's/^children //' out)
	seventh=$(awk '/^VmSize:/ { print $2 }' "/proc/${children[6]}/status")
}
# Then all of it comes back.
restore_well() {
	must prestore --quiet --detach --pidfile=pid image.tar
	must kill -USR1 "$(cat pid)"
	wait_gone "$(cat pid)" 20
	for n in 1 2 3 4 5 6 7 8 9 10; do
		grep -qx "child $n has file $n" out || fail "child $n has not come back: $(cat out)"
	done
	grep -qx "ended with \[0, 0, 0, 0, 0, 0, 0, 0, 0, 0\]" out || fail "$(cat out)"
	rm pid
}

for n in 1 2 3 4 5 6 7 8 9 10; do echo "file $n" >file$n; done
start
must pdump --quiet --kill "$job" image.tar
wait "$job" 2>/dev/null
"$python3" "$E2E/failure.py" holder >holder.out 2>&1 </dev/null &
holder=$!
until_true 10 file_says holds holder.out || fail "$(cat holder.out)"
mkdir gone
mv file3 file7 gone
refused "files gone and addresses in use" prestore --detach --pidfile=pid image.tar
problems 4
told "^ *pid ${children[2]}.*file3.*No such file"
told "^ *pid ${children[6]}.*file7.*No such file"
told "socket is in use by another process"
told "abstract name is in use by another process"
kill "$holder"
wait_gone "$holder"
wait "$holder" 2>/dev/null
refused "files gone" prestore --detach --pidfile=pid image.tar
problems 2
mv gone/* .

refused "failure at the very end" prestore --detach --pidfile=missing/pid image.tar
told "missing/pid: No such file"
# Room for an address space like theirs, but not for that of the seventh, which has 64 MiB more.
refused "failure in the seventh" prlimit --as=$(((seventh - (8 << 10)) << 10)) \
	prestore --detach --pidfile=pid --pids=new image.tar
told "^prestore: .*pid ${children[6]}: .*memory"
# With less it may be any step, in prestore itself too: the message says for what there is none.
for mib in 24 32 40 48; do
	refused "$mib MiB" prlimit --as=$((mib << 20)) prestore --detach --pidfile=pid --pids=new image.tar
	told '^prestore: \(.*[ /][0-9][0-9]*[:/]\|.* for \).*memory'
done

if [ "$VARIANT_USER" = root ]; then
	"$python3" -c 'import os; os.setgroups(range(5000)); os.execvp("sleep", ["sleep", "1000"])' </dev/null >/dev/null 2>&1 &
	other=$!
	until_true 10 grep -q sleep "/proc/$other/comm" || fail "what has many groups does not start"
	must pdump --quiet --kill $other groups.tar
	wait $other 2>/dev/null
	refused "too many groups" prestore --detach --pidfile=pid groups.tar
	problems 1
	told "5000 supplementary groups"
	sleep 100 &
	other=$!
	start
	must pdump --quiet "$job" taken.tar
	kill -KILL "$job" "${children[@]:0:6}" "${children[@]:8}" "$other"
	until_true 10 eval "is_gone $job && is_gone ${children[0]} && is_gone ${children[9]}"
	wait "$job" "$other" 2>/dev/null
	refused "numbers taken" prestore --pids=keep --detach --pidfile=pid taken.tar
	problems '[0-9]+' # of those that were killed, some may still wait for whoever is their parent now
	told "pid ${children[6]}: this id is taken by python3"
	told "pid ${children[7]}: this id is taken by python3"
	kill -KILL "${children[6]}" "${children[7]}"
	mv taken.tar image.tar
fi
restore_well
