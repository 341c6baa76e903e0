#!/bin/bash
# SPDX-License-Identifier: MIT
# Started by a program that ignores SIGCHLD, which its children inherit: a dump and a restore are as always, and the restored one does not
# ignore it.
. "$(dirname "$0")/lib.sh"
env --ignore-signal=CHLD true 2>said || skip "env of this host cannot ignore signals: $(cat said)"

ignored() { timeout 60 env --ignore-signal=CHLD "$@"; }
sh -c 'until [ -e go ]; do sleep 0.05; done; exit 5' </dev/null >out 2>err &
target=$!
must ignored pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
rm -f pid
must ignored prestore --quiet --detach --pids=new --pidfile=pid image.tar
[ $((0x$(awk '/^SigIgn/ { print $2 }' "/proc/$(cat pid)/status") & 0x10000)) = 0 ] ||
	fail "the restored one ignores SIGCHLD"
: >go
wait_gone "$(cat pid)"
ignored prestore --quiet --pids=new image.tar
status=$?
[ $status = 5 ] || fail "status $status of prestore instead of 5"
exit 0
