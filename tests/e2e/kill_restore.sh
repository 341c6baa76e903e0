#!/bin/bash
# SPDX-License-Identifier: MIT
# prestore killed at any moment leaves nothing behind: no process, no file.
# user: user root
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

: >out
"$SUBJECTS/descriptors" </dev/null >>out 2>&1 &
target=$!
until_true 10 file_says ready out || fail "the subject does not start"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
files=$(find . -type f | sort)
ways=(--pids=new)
may_namespace && ways+=(--pids=namespace)
[ "$VARIANT_USER" = root ] && ways=(--pids=keep)
for way in "${ways[@]}"; do
	must "$python3" "$E2E/kill_restore.py" image.tar "${PIMAGE_KILLS:-60}" "$way"
	rm -f kill.pid kill.err
	[ "$(find . -type f | sort)" = "$files" ] || fail "left behind: $(find . -type f)"
done
