#!/bin/bash
# SPDX-License-Identifier: MIT
# Threads that have to be led out of the vDSO write to memory on the way: that is in the image, too, whether nobody had touched the page
# before, or it had been copied ahead.
# time-out: 180
. "$(dirname "$0")/lib.sh"

build vdso -ldl

# try SNAPSHOT ARGUMENT...
try() {
	local snapshot=$1 status
	shift
	: >out
	: >err
	./vdso "$@" >out 2>err </dev/null &
	target=$!
	if ! until_true 20 grep -q ready out; then
		wait $target
		[ $? = 77 ] && skip "the vDSO of this kernel has no getrandom, since Linux 6.11"
		fail "it does not start: $(cat err)"
	fi
	for ((i = 0; i < repeat; i++)); do
		sleep 0.2
		pdump --quiet "--snapshot=$snapshot" $target image.tar 2>said
		status=$?
		if [ $status = 5 ] && [ "$snapshot" = wp ]; then
			echo "skip: --snapshot=wp: $(tail -n 1 said)"
			break
		fi
		[ $status = 0 ] || fail "--snapshot=$snapshot: $(cat said)"
		must prestore --quiet --detach --pids=new --pidfile=pid image.tar
		sleep 0.2
		[ -s err ] && fail "--snapshot=$snapshot: $(cat err)"
		kill -KILL "$(cat pid)"
		wait_gone "$(cat pid)"
	done
	kill -KILL $target
	wait $target 2>/dev/null
}

try stop
try wp old
exit 0
