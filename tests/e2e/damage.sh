#!/bin/bash
# SPDX-License-Identifier: MIT
# Truncated, bit-flipped and hand-damaged images are refused by name, and nothing is started.
# time-out: 180
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

: >out
"$SUBJECTS/anonymous" </dev/null >>out 2>&1 &
target=$!
until_true 10 file_says ready out || fail "the subject does not start"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
# The image as it is: what follows is the fault of the damage.
must prestore --quiet --plan image.tar
exec "$python3" "$E2E/damage.py" image.tar
