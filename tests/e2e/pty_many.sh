#!/bin/bash
# SPDX-License-Identifier: MIT
# pdump killed when it has a process look into a pseudo-terminal of a job of 300 processes: that process still puts everything back,
# stops nobody for good, and keeps no descriptor.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need pgrep

build pty_many
build pty_many -DKILLER -o killer
./pty_many >out 2>err </dev/null &
target=$!
until_true 20 grep -q ready out || fail "it does not start: $(cat err)"
descriptors() { find "/proc/$target/fd" -mindepth 1 -printf '%f %l\n' | sort; }
descriptors >before
./killer pdump --quiet "$target" image.tar 2>said
[ $? = 137 ] || fail "it was not killed where it was to be: $(cat said)"
same_descriptors() { descriptors | cmp -s before -; }
until_true 10 same_descriptors || fail "it has other descriptors: $(descriptors | diff before -)"
stopped() { pgrep -c -x pty_many -u "$(id -u)" -r T,t; }
none_stopped() { [ "$(stopped)" = 0 ]; }
until_true 10 none_stopped || fail "$(stopped) processes are left stopped"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
must tar -xOf image.tar --wildcards '*tty*' >tty.json
grep -q "$(printf 'nobody has read yet' | od -An -v -tx1 | tr -d ' \n')" tty.json || fail "the output is gone: $(cat tty.json)"
exit 0
