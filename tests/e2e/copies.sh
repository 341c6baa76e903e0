#!/bin/bash
# SPDX-License-Identifier: MIT
# Several jobs of one image by one prestore: they share memory until they write, and nobody sees what another has written. All come, or none.
# user: user root
# time-out: 500
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

copies=3 mib=8 mark=mark$$
lines() {
	local all=()
	[ -e "$1" ] && mapfile -t all <"$1"
	[ ${#all[@]} = "$2" ]
}
# The jobs have an argument that is the mark, and a prestore of them one that ends with it. (pgrep -f reads three files of each process.) The pattern is
# not found in the arguments of grep itself.
none_left() { ! grep -qsz "[m]${mark#m}\$" /proc/[0-9]*/cmdline; }
mine() { grep -lsxz "[m]${mark#m}" /proc/[0-9]*/cmdline | cut -d/ -f3; }
end_all() {
	mine | xargs -r kill -9
	until_true 30 none_left || fail "something is left: $(pgrep -af $mark)"
}
pss() { cat "${@/%//smaps_rollup}" | awk '/^Pss:/ { sum += $2 } END { print sum }'; }

# dump CHILDREN
dump() {
	local target
	: >out
	"$python3" "$E2E/copies.py" $mib "$1" $mark </dev/null >out 2>&1 &
	target=$!
	until_true 60 lines out $((1 + $1)) || fail "the target does not start: $(cat out)"
	must pdump --quiet --kill "$target" image.tar
	wait "$target" 2>/dev/null
}

# go_on_all CHILDREN: the jobs whose ids are in pids.$mark
go_on_all() {
	local pids pid want=$((copies * (1 + $1)))
	mapfile -t pids <pids.$mark
	[ "$(sort -u pids.$mark | grep -c .)" = $copies ] || fail "not $copies different process ids: ${pids[*]}"
	rm -f began finished
	kill -USR1 "${pids[@]}" || fail "a copy has ended: $(cat out)"
	until_true 60 lines began $want || fail "not all have begun: $(cat began out)"
	kill -USR1 "${pids[@]}" || fail "a copy has ended: $(cat out)"
	for pid in "${pids[@]}"; do wait_gone "$pid"; done
	lines finished $want || fail "not all went on: $(cat finished out)"
	grep -v '^ok ' began finished && fail "memory is wrong"
	until_true 30 none_left || fail "something is left: $(pgrep -af $mark)"
}

ways=(--pids=new)
may_namespace && ways+=(--pids=namespace)
for children in 0 2; do
	dump $children
	for way in "${ways[@]}" --pids=auto\ --verify; do
		echo "$way, $children children"
		# shellcheck disable=SC2086
		prestore --detach --copies=$copies $way --pidfile=pids.$mark image.tar 2>err || fail "$way: $(cat err)"
		mapfile -t pids <pids.$mark
		[ "$(grep -c '^pid ' err)" = $copies ] || fail "$way: $(cat err)"
		used=$(pss "${pids[@]/#//proc/}")
		# What one takes, and less than half of that for all the others.
		[ "$used" -lt $((mib * 1024 * 2)) ] || fail "$way: $copies copies take $used KiB of memory, $mib MiB each"
		go_on_all $children
	done
done

echo "a copy can be saved in turn"
must prestore --quiet --detach --copies=2 --pids=auto --pidfile=pids.$mark image.tar
mapfile -t pids <pids.$mark
must pdump --quiet --kill "${pids[1]}" image2.tar
end_all
mv image2.tar image.tar
must prestore --quiet --detach --copies=$copies --pids=auto --pidfile=pids.$mark image.tar
go_on_all 2

echo "each may have files of its own"
must prestore --quiet --detach --copies=2 --pids=auto --fd '1=out.{copy}.{copy}' --fd 2=null --pidfile=pids.$mark image.tar
n=1
while read -r pid; do
	[ "$(readlink "/proc/$pid/fd/1")" = "$PWD/out.$n.$n" ] || fail "copy $n has $(readlink "/proc/$pid/fd/1")"
	n=$((n + 1))
done <pids.$mark
end_all

echo "one fails, none stays"
refused() {
	prestore --pidfile=no.$mark "$@" --detach --copies=$copies image.tar 2>err && fail "$* succeeded"
	until_true 30 none_left || fail "something is left of $*: $(pgrep -af $mark)"
	[ ! -e no.$mark ] || fail "$* left a file"
}
mkdir dir.1 dir.2
for way in "${ways[@]}"; do
	refused "$way" --fd '1=dir.{copy}/out'
	grep -q 'copy 3 of 3' err || fail "it does not say which copy failed: $(cat err)"
	refused "$way" --pidfile=missing/pid
done
refused --lazy
refused --pids=keep
refused --pty
for n in 0 1001 4294967295; do
	prestore --plan --copies=$n image.tar 2>err >plan && fail "--copies=$n: not refused"
	grep -q "^prestore: --copies=$n: " err || fail "--copies=$n: $(cat err)"
done
prestore --copies=2 image.tar 2>err && fail "without --detach"
prestore --detach --copies=2 - <image.tar 2>err && fail "from a pipe"

# A limit that is reached at this process or that; other tests of the user count as well.
if [ "$(id -u)" != 0 ]; then
	used=$(ps -L -u "$(id -u)" -o pid= | wc -l) failed=0
	for more in $(seq 1 5 26); do
		if (ulimit -u $((used + more)) && exec prestore --quiet --detach --copies=$copies "${ways[-1]}" --pidfile=pids.$mark image.tar) 2>err; then
			end_all
			[ $failed != 0 ] && break
		else
			failed=$((failed + 1))
			grep -q 'ulimit -u' err || fail "for want of processes, and not said: $(cat err)"
		fi
		until_true 30 none_left || fail "something is left with room for $more processes ($(cat err)): $(pgrep -af $mark)"
	done
	echo "$failed attempts failed for want of processes"
fi

echo "what there is only once is refused before anything is made"
cat >once.py <<'END'
import fcntl, os, socket, time
held = open("held", "w")
fcntl.flock(held, fcntl.LOCK_EX)
folder = os.open(".", os.O_RDONLY)
os.mkfifo("fifo")
fifo = os.open("fifo", os.O_RDWR)
deleted = os.open("deleted", os.O_RDWR | os.O_CREAT)
os.unlink("deleted")
device = os.open("/dev/full", os.O_RDWR)
for file in (folder, fifo, deleted, device):
    fcntl.flock(file, fcntl.LOCK_EX)
listener = socket.socket(socket.AF_UNIX)
listener.bind("name")
listener.listen()
print("ready", held.fileno(), folder, fifo, device, flush=True)
time.sleep(1000)
END
"$python3" once.py </dev/null >out 2>&1 &
target=$!
until_true 60 lines out 1 || fail "the target does not start: $(cat out)"
must pdump --quiet --kill $target once.tar
wait $target 2>/dev/null
must prestore --plan once.tar >plan
prestore --plan --copies=2 once.tar >plan && fail "two have one name and one lock: $(cat plan)"
[ "$(grep -c 'only one of several copies' plan)" = 5 ] || fail "it does not say what stands in the way: $(cat plan)"

grep -q deleted plan && fail "each can have a deleted file of its own locked: $(cat plan)"
read -r _ held folder fifo device <out
prestore --plan --copies=2 --fd "$held=null" --fd "$folder=null" --fd "$fifo=null" --fd "$device=null" once.tar >plan && fail "two have one name: $(cat plan)"
[ "$(grep -c 'only one of several copies' plan)" = 1 ] || fail "what is not locked stands in the way: $(cat plan)"

echo "a call that goes on comes to its end in each for itself"
cat >waits.py <<'END'
import os, select
reader, writer = os.pipe()
os.dup2(reader, 9)
poll = select.poll()
poll.register(9, select.POLLIN)
print("ready", flush=True)
print(os.getpid(), poll.poll(600000), flush=True)
END
"$python3" waits.py </dev/null >out 2>&1 &
target=$!
until_true 60 lines out 1 || fail "the target does not start: $(cat out)"
until_true 60 grep -q '^7 ' "/proc/$target/syscall" || fail "it does not wait: $(cat "/proc/$target/syscall")"
must pdump --quiet --kill $target waits.tar
wait $target 2>/dev/null
for way in "" --verify; do
	rm -f out.?
	# shellcheck disable=SC2086
	must prestore --quiet --detach --copies=3 $way --fd '1=out.{copy}' --fd 2=null --fd 9=null --pidfile=pids.$mark waits.tar
	while read -r pid; do wait_gone "$pid" 10; done <pids.$mark
	[ "$(cat out.? | grep -c ' \[(9, 1)\]$')" = 3 ] || fail "not each has been told what there is: $(head -v out.?)"
done

echo "prestore is killed"
for ((i = 0; i < 6; i++)); do
	rm -f pids.$mark
	prestore --quiet --detach --copies=$copies "${ways[i % ${#ways[@]}]}" --pidfile=pids.$mark image.tar 2>/dev/null &
	sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
	kill -9 $!
	wait $! 2>/dev/null
	# All were let go before, or none is.
	if [ -s pids.$mark ] && [ "$(mine | wc -l)" = $((3 * copies)) ]; then end_all; fi
	until_true 30 none_left || fail "something is left: $(pgrep -af $mark)"
done
exit 0
