#!/bin/bash
# SPDX-License-Identifier: MIT
# An end of a pipe to somebody else, and a socket of the network, that are nowhere but in flight through a unix socket.
# Objects: external unix_socket
. "$(dirname "$0")/lib.sh"

cat >sender.py <<'E2'
import os, signal, socket, sys

near, far = socket.socketpair()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
socket.send_fds(near, [b"two"], [int(sys.argv[1]), listener.fileno()])
os.close(int(sys.argv[1]))
listener.close()
signal.signal(signal.SIGUSR1, lambda *_: None)
print("ready", flush=True)
signal.pause()
text, (pipe, other), _, _ = socket.recv_fds(far, 10, 10)
print(text, os.read(pipe, 100), os.read(pipe, 100), os.read(other, 100), flush=True)
E2

mkfifo fifo
exec 8<>fifo
echo "in the pipe" | cat >fifo
"$python3" sender.py 9 </dev/null >>out 2>&1 9<fifo 8>&- &
sender=$!
until_true 10 file_says ready out || fail "it does not start: $(cat out)"
pdump --check "$sender" >check.out || fail "--check: $(cat check.out)"
grep -q "2 descriptors wait in it (SCM_RIGHTS)" check.out || fail "--check does not tell: $(cat check.out)"
pdump "$sender" image.tar 2>refused.out && fail "not refused"
[ "$(grep -c '^  in flight (SCM_RIGHTS)' refused.out)" = 2 ] || fail "expected two: $(cat refused.out)"
kill -0 "$sender" || fail "it is gone"
must pdump --quiet --kill --external=null --external="$PWD/fifo=eof" "$sender" image.tar
wait "$sender" 2>/dev/null
exec 8>&-
: >out
must prestore --quiet --verify --detach --pidfile=pid image.tar
kill -USR1 "$(cat pid)"
wait_gone "$(cat pid)" 20
[ "$(cat out)" = "b'two' b'in the pipe\n' b'' b''" ] || fail "it received: $(cat out)"
