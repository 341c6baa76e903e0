#!/bin/bash
# SPDX-License-Identifier: MIT
# Ends of what belongs to others: all are listed before anything stops, with what they can become; they become it.
# Objects: external
. "$(dirname "$0")/lib.sh"

export ABSTRACT=pimage-externals-$$
must mkfifo fifo
setsid "$python3" "$E2E/externals.py" </dev/null >>out 2>&1 &
outsider=$!
trap 'kill "$outsider" 2>/dev/null' EXIT
until_true 10 file_says ready out || fail "it does not start: $(cat out)"
pid=$(cat pid)

pdump --check "$pid" >check.out && fail "not refused: $(cat check.out)"
pdump "$pid" image.tar 2>refused.out && fail "not refused: $(cat refused.out)"
[ -e image.tar ] && fail "an image was made"
grep -v problems refused.out | cmp - check.out || fail "--check says something else: $(cat check.out refused.out)"
[ "$(grep -c "POLICY' says" check.out)" = 6 ] || fail "expected six: $(cat check.out)"
[ "$(grep -c ", but in $outsider (python3" check.out)" -ge 4 ] || fail "the outsider is not named: $(cat check.out)"
name() { grep -o "fd $1 [a-z]*:\[[0-9]*\]" check.out | cut -d' ' -f3; }
reader=$(grep -m1 -o 'pipe:\[[0-9]*\]' check.out)
pdump --check --external="$reader=reset" "$pid" >wrong.out 2>&1 && fail "reset of a pipe"
grep -q '"reset" is nothing that it could become, but null, eof, fd:N' wrong.out || fail "reset of a pipe: $(cat wrong.out)"
for wrong in pipe=forget fd:3 ./log; do
	pdump --check --external="$wrong" "$pid" >wrong.out 2>&1 && fail "--external=$wrong"
	grep -q "external=$wrong" wrong.out || fail "--external=$wrong: $(cat wrong.out)"
done

must pdump --quiet --kill --external=ask --external="$PWD/log=reconnect" --external="@$ABSTRACT=reconnect" "$pid" image.tar
until_true 10 is_gone "$pid"
prestore --plan image.tar >plan.out && fail "nothing has to be decided: $(cat plan.out)"
[ "$(grep -c "POLICY' says" plan.out)" = 4 ] || fail "expected four: $(cat plan.out)"
prestore --plan --external=pipe:[1]=eof image.tar 2>wrong.out && fail "a rule for nothing"
grep -q "nothing of this name" wrong.out || fail "$(cat wrong.out)"

# restored TEXT LOGGED ARGUMENT...: what it finds, and how often the log has been written to.
restored() {
	local want=$1 logged=$2
	shift 2
	: >out
	must prestore --quiet --verify --detach --pidfile=pid "$@" image.tar
	kill -USR1 "$(cat pid)"
	wait_gone "$(cat pid)" 20
	[ "$(cat out)" = "$want" ] || fail "prestore $*: $(cat out)"
	until_true 10 test "$(grep -c restored logged)" = "$logged" || fail "prestore $*: logged $(cat logged)"
}

# What is still in the FIFO, since the outsider has it open, is not put there twice.
restored "[b'in flight', b'']
Broken pipe
[b'sent', b'']
Broken pipe
8
5
b'named'" 1 --external=eof --external="$PWD/fifo=reconnect"
pair=$(grep 'reset' plan.out | grep -m1 -o 'socket:\[[0-9]*\]')
restored "[b'in flight', b'']
Broken pipe
[b'sent', 'Connection reset by peer']
Broken pipe
8
5
b'named'" 2 --external=eof --external="$pair=reset" --pids=new
restored "[b'', b'']
11
['Socket operation on non-socket', 'Socket operation on non-socket']
Socket operation on non-socket
8
5
b''" 3 --external=null
echo "from a file" >file
restored "[b'from a file\n', b'']
11
[b'sent', b'']
Broken pipe
8
5
b'named'" 4 --external=eof --external="$reader=./file" --external="$(grep -o 'pipe:\[[0-9]*\]' plan.out | sed 1d | grep -vxF "$reader" | head -1)=fd:9" 9>nine
[ "$(cat nine)" = "from inside" ] || fail "fd:9: $(cat nine)"

kill "$outsider"
wait "$outsider" 2>/dev/null
prestore --plan --external=eof image.tar >plan.out && fail "nobody listens any more: $(cat plan.out)"
[ "$(grep -c 'again: nobody listens there' plan.out)" = 2 ] || fail "nobody listens: $(cat plan.out)"
rm log
restored "[b'in flight', b'']
Broken pipe
[b'sent', b'']
Broken pipe
Connection refused
Broken pipe
b'named'" 4 --external=eof --external="$PWD/log=eof" --external="@$ABSTRACT=eof"
