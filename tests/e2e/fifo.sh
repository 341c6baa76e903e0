#!/bin/bash
# SPDX-License-Identifier: MIT
# A client writes its own process id to a FIFO and waits for a signal from a server; restored under
# another id it has to write that one.
# user: user root
. "$(dirname "$0")/lib.sh"

build client
must mkfifo fifo
# The end of one client's writing may be all that the next opening sees.
(while :; do read -r pid <fifo && echo "$pid" >>asked && kill -USR2 "$pid"; done) &
server=$!
ways=(--pids=new)
[ "$VARIANT_USER" = root ] && ways+=(--pids=keep)
for way in "${ways[@]}"; do
	rm -f image.tar pid asked
	: >out
	./client fifo </dev/null >>out 2>&1 &
	client=$!
	until_true 10 file_says served out || fail "the server does not work"
	must pdump --quiet --kill "$client" image.tar
	wait "$client" 2>/dev/null
	must prestore --quiet "$way" --detach --pidfile=pid image.tar
	must kill -USR1 "$(cat pid)"
	wait_gone "$(cat pid)" 20
	[ "$(cat out)" = "served
served again" ] || fail "$way: the client printed '$(cat out)'; asked for: $(tr '\n' ' ' <asked), is $(cat pid)"
	echo "$way: was $client, came back as $(cat pid)"
done
kill "$server"
