#!/bin/bash
# SPDX-License-Identifier: MIT
# What strace or gdb traces is refused, with the tracer's name; nothing is stopped for that.
. "$(dirname "$0")/lib.sh"

# refused PID MESSAGE: and it neither leaves a file nor disturbs.
refused() {
	pdump --quiet "$1" image.tar 2>pdump.err && fail "$1 was dumped although it is traced"
	grep -qE "$2" pdump.err || fail "expected '$2', found: $(cat pdump.err)"
	[ ! -e image.tar ] || fail "an image was left"
	kill -0 "$1" || fail "process $1 is gone"
}

tracer_of() { sed -n 's/^TracerPid:[[:space:]]*//p' "/proc/$1/status"; }
is_traced() { [ "$(tracer_of "$1")" != 0 ]; }
may_trace() { [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]; }
may_trace || skip "kernel.yama.ptrace_scope is not 0"

tried=0
if command -v strace >/dev/null; then
	sleep 300 &
	pid=$!
	strace -q -o strace.out -p "$pid" &
	strace=$!
	until_true 10 is_traced "$pid" || skip "strace cannot trace here"
	refused "$pid" "process $pid is being traced by strace \(pid $strace\)"
	kill "$strace"
	wait "$strace" 2>/dev/null
	must pdump --quiet --kill "$pid" image.tar
	rm image.tar

	strace -q -f -o strace.out sh -c 'sleep 300 & wait' &
	strace=$!
	has_grandchild() { pgrep -P "$(pgrep -P "$strace")"; }
	until_true 10 has_grandchild || fail "strace runs nothing"
	shell=$(pgrep -P "$strace")
	refused "$strace" "pid $shell \(sh\) is traced by pid $strace \(strace\) of the same tree"
	refused "$shell" "process $shell is being traced by strace \(pid $strace\)"
	kill "$strace" "$shell" "$(pgrep -P "$shell")"
	tried=1
fi
if command -v gdb >/dev/null; then
	mkfifo to_gdb
	gdb -nx -q -ex 'set startup-with-shell off' -ex 'break main' -ex run --args sleep 300 <to_gdb >gdb.out 2>&1 &
	gdb=$!
	exec 9>to_gdb
	has_child() { pgrep -P "$gdb" sleep; }
	if until_true 20 has_child; then
		pid=$(pgrep -P "$gdb" sleep)
		until_true 10 is_traced "$pid" || fail "gdb does not trace what it runs"
		refused "$pid" "process $pid is being traced by gdb \(pid $gdb\)"
		refused "$gdb" "pid $pid \(sleep\) is traced by pid $gdb \(gdb\) of the same tree"
		tried=1
	fi
	kill -KILL "$gdb" "$pid"
	exec 9>&-
fi
[ $tried = 1 ] || skip "neither strace nor gdb is there"
