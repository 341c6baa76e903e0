#!/bin/bash
# SPDX-License-Identifier: MIT
# prestore --lazy: a tree runs before its memory is there; what is damaged, or cannot come any more, kills it and is said.
# user: user root
# time-out: 400
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"
may_namespace || skip "no namespaces"

servers() {
	local pid variables
	for pid in $(pgrep -x prestore-pages); do
		{ mapfile -d '' variables <"/proc/$pid/environ"; } 2>/dev/null || continue
		[[ " ${variables[*]} " == *" PIMAGE_TEST=$PIMAGE_TEST "* ]] && echo "$pid"
	done
}
gone() { [ -z "$(servers)" ]; }
# Init of the namespace, and with it all that is there, stopped children too.
kill_all() { kill -9 "$(ps -o ppid= "$(cat pid)" | tr -d ' ')"; }
# three TEXT FILE: that many lines have the text.
three() {
	local line n=0
	while IFS= read -r line; do
		[[ $line == *"$1"* ]] && n=$((n + 1))
	done <"$2"
	[ $n = 3 ]
}
all_done() { three ok finished; }
ready() { three ready out; }
# restore OPTION...: leaves the pid in ./pid and messages in ./err.
restore() {
	prestore --lazy --detach --pids=namespace --pidfile=pid "$@" "$PWD/image.tar" 2>err >/dev/null || fail "prestore: $(tr "\n" " " <err)"
}

"$python3" "$E2E/lazy.py" 24 </dev/null >out 2>&1 &
target=$!
until_true 30 ready || fail "the target does not start: $(cat out)"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null

# shellcheck disable=SC2002
cat image.tar | prestore --lazy --plan - >plan 2>err && fail "from a pipe: not refused"
grep -q 'pipe' plan || fail "from a pipe: $(cat plan err)"
prestore --lazy --verify image.tar 2>err && fail "--lazy --verify: not refused"

# Everything comes and is right, for all and whoever they bear, and then nothing is left.
for ahead in "" fill_ahead; do
	rm -f finished
	PIMAGE_WITHOUT=$ahead restore
	kill -USR1 "$(cat pid)"
	until_true 60 all_done || fail "not all have ended well: $(cat out err)"
	wait_gone "$(cat pid)"
	until_true 10 gone || fail "what gives the pages is still there: $(servers)"
done

prestore --record=pages image.tar 2>err && fail "--record without --lazy: not refused"
prestore --lazy --record=/nowhere/pages image.tar 2>err && fail "nothing can be recorded: not refused"
grep -q '/nowhere' err || fail "not told why: $(cat err)"
if [ "$VARIANT_USER" != root ]; then
	prestore --lazy --plan image.tar >plan || fail "prestore: $(cat plan)"
	grep -q 'filled before.*userfaultfd' plan || fail "an ordinary user is not told: $(cat plan)"
	prestore --lazy --record=pages image.tar 2>err && fail "nothing to be recorded: not refused"
	grep -q 'nothing to --record' err || fail "not told why: $(cat err)"
	exit 0
fi
prestore --lazy --plan image.tar >plan || fail "prestore: $(cat plan)"
# 24 of each child, and of their parent what lies apart from the mappings of which they inherit.
mib=$(sed -n 's/.* \([0-9]*\) MiB are read while.*/\1/p' plan)
[ "${mib:-0}" -ge 56 ] || fail "what must not be changed is not told, or not for all: $(cat plan)"

# A restore that fails records nothing, and leaves nothing that waits for the end of the time.
echo before >pages
prestore --lazy --detach --pids=namespace --record=pages --record-for=5 --pidfile=missing/pid image.tar 2>err && fail "restored"
until_true 3 gone || fail "a restore that failed has left what gives the pages"
[ "$(cat pages)" = before ] || fail "a restore that failed has recorded: $(cat pages)"

# Whoever has ended asks for nothing more.
rm pages
restore --stopped --record=pages --record-for=60
kill_all
until_true 10 test -e pages || fail "all have ended, and nothing is recorded"
until_true 10 gone || fail "all have ended, but not what gives the pages"

# What is asked for is recorded by order; an image can be told, and is the same for all else.
rm -f finished
restore --record=pages --record-for=60
kill -USR1 "$(cat pid)"
until_true 60 all_done || fail "not all have ended well: $(cat out err)"
wait_gone "$(cat pid)"
until_true 10 gone || fail "what gives the pages is still there: $(servers)"
must pinspect learn image.tar pages learned.tar
must pinspect diff image.tar learned.tar
must pinspect verify learned.tar >verify
pinspect learned.tar | grep -qE 'its working set of (5[4-9]|[67][0-9]) MiB' || fail "not all was recorded: $(pinspect learned.tar)"
"$python3" "$E2E/lazy_order.py" choose image.tar wanted || fail "no place to look at"
must pinspect learn image.tar wanted learned.tar
for with in "--working-set=wanted" ""; do
	[ "$with" ] || mv learned.tar image.tar
	PIMAGE_WITHOUT=fill_ahead restore --stopped $with
	"$python3" "$E2E/lazy_order.py" watch wanted "$(cat pid)" || fail "what is wanted did not come first"
	kill_all
	until_true 10 gone || fail "all have ended, but not what gives the pages"
done
sed 's/"pid": /&9/' wanted >other
pinspect learn image.tar other learned.tar 2>err && fail "recorded of other processes: not refused"
[ -e learned.tar ] && fail "left behind"
sed 's/0x/0x1/g' wanted >other
prestore --lazy --working-set=other image.tar 2>err && fail "recorded of another image: not refused"
grep -q 'another one' err || fail "not told why: $(cat err)"

# Of a history, whose pages are in several images.
: >out
"$python3" "$E2E/lazy.py" 24 </dev/null >out 2>&1 &
target=$!
until_true 30 ready || fail "the target does not start: $(cat out)"
pdump --quiet --every 1s --keep 9 "$target" history 2>steps &
dump=$!
until_true 30 test -e history/000003.tar || fail "no history: $(cat steps)"
kill -TERM "$dump"
wait "$dump"
pkill -9 -P "$target"
kill -9 "$target"
wait "$target" 2>/dev/null
if [ "$(stat -Lc %s history/latest.tar)" -lt "$(stat -c %s history/000001.tar)" ]; then
	rm -f finished
	PIMAGE_WITHOUT=fill_ahead prestore --lazy --detach --pids=namespace --pidfile=pid history/latest.tar 2>err >/dev/null ||
		fail "prestore: $(tr '\n' ' ' <err)"
	grep -q 'MiB are read while' err || fail "not lazy: $(cat err)"
	kill -USR1 "$(cat pid)"
	until_true 60 all_done || fail "not all have ended well: $(cat out err)"
	wait_gone "$(cat pid)"
	until_true 10 gone || fail "what gives the pages is still there: $(servers)"
else
	echo "writes cannot be watched here: without a history"
fi

# The file may be deleted, and complete memory is as any other.
cp image.tar copy.tar
restore --stopped
rm image.tar
until_true 30 gone || fail "what gives the pages does not end"
grep -q ' um' "/proc/$(cat pid)/smaps" && fail "memory still waits for pages"
mv copy.tar image.tar
kill -9 "$(cat pid)"
wait_gone "$(cat pid)"

# Killed: what gives the pages, each of the two. Before that it cannot be dumped.
PIMAGE_WITHOUT=fill_ahead restore
pdump --quiet "$(cat pid)" again.tar 2>dump.err && fail "memory that is not there was dumped"
grep -q 'wait until all pages are in' dump.err || fail "no remedy: $(cat dump.err)"
kill -9 "$(servers | tail -n 1)"
wait_gone "$(cat pid)" 10
until_true 10 file_says 'killed by signal 9' err || fail "no message: $(cat err)"
PIMAGE_WITHOUT=fill_ahead restore
kill -9 "$(servers | head -n 1)"
sleep 0.2
rm -f finished
kill -USR1 "$(cat pid)"
until_true 60 all_done || fail "not all have ended well: $(cat out err)"
wait_gone "$(cat pid)"
until_true 10 gone || fail "left behind"

# damage PART [CHILD]: flips a bit at that part of the last page data of the root, or of a child.
damage() {
	must "$python3" - image.tar "$@" <<'EOF'
import json, sys, tarfile
tar = tarfile.open(sys.argv[1])
root = json.load(tar.extractfile("pimage.json"))["root"]
entry = [e for e in tar if "/pages/" in e.name and e.isreg() and e.name.startswith(f"processes/{root}/") == (len(sys.argv) < 4)][-1]
with open(sys.argv[1], "r+b") as image:
    image.seek(entry.offset_data + int(entry.size * float(sys.argv[2])))
    byte = image.read(1)
    image.seek(-1, 1)
    image.write(bytes([byte[0] ^ 1]))
EOF
}

# Late in the page data of a child: the parent, who gives pages to its children, is filled before.
damage 0.5 child
restore
wait_gone "$(cat pid)" 30
until_true 10 gone || fail "left behind"
until_true 10 grep -q 'damaged.*killed' err || fail "no message: $(cat err)"

# In what the restore itself touches when all else is there: the kernel writes to an area of each thread.
: >out
"$python3" -c '
import threading, time
for i in range(300):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print("ready", flush=True)
time.sleep(1000)' </dev/null >out 2>&1 &
target=$!
until_true 30 file_says ready out || fail "the target does not start: $(cat out)"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
cp image.tar copy.tar
late=
for part in 0.3 0.4 0.5 0.6 0.7; do
	cp copy.tar image.tar
	damage $part
	rm -f pid
	# There may be pages that it does not touch.
	if PIMAGE_WITHOUT=fill_ahead prestore --verbose --lazy --detach --pids=namespace --pidfile=pid image.tar 2>err >/dev/null; then
		kill_all
		until_true 10 gone || fail "all have ended, but not what gives the pages"
		continue
	fi
	grep -q 'a frame is damaged' err || fail "not told why: $(cat err)"
	[ -e pid ] && fail "left behind: pid"
	gone || fail "left behind: $(servers)"
	grep -q 'small parts of memory filled' err && late=yes
done
[ $late ] || echo "a restore touches none of it here: damage that it meets was not tried"
