#!/bin/bash
# SPDX-License-Identifier: MIT
# A server and its client on a unix socket: an address in use is refused, a dead one is taken over, and what fails leaves it
# as it was.
. "$(dirname "$0")/lib.sh"

inode() { stat -c %i server; }
ended() {
	local pid
	for pid in $(pgrep -g "$1"); do is_gone "$pid" || return 1; done
}

setsid "$python3" "$E2E/unix_server.py" </dev/null >out 2>&1 &
server=$!
until_true 10 grep -qx 20 out || fail "the server does not work: $(cat out)"
was=$(inode)
must pdump --quiet "$server" image.tar
prestore --quiet --pids=new --detach image.tar 2>message && fail "a socket in use was taken"
grep -q "server is in use by another process" message || fail "in use: $(cat message)"
kill -KILL -- "-$server"
until_true 10 ended "$server" || fail "the server has not ended"
wait "$server" 2>/dev/null

prestore --quiet --pids=new --detach --pidfile=missing/pid image.tar 2>message && fail "no failure: $(cat message)"
[ "$(inode)" = "$was" ] || fail "after a failure the socket is another"
[ "$(echo server*)" = server ] || fail "left behind: $(echo server*)"

: >out
must prestore --quiet --verify --pids=new --detach --pidfile=pid image.tar
until_true 20 grep -qx True out || fail "the restored server does not go on: $(cat out)"
grep -qi error out && fail "$(cat out)"
[ "$(inode)" != "$was" ] || fail "the socket is the old one"
[ "$(echo server*)" = server ] || fail "left behind: $(echo server*)"
