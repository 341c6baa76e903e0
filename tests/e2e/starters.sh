#!/bin/bash
# SPDX-License-Identifier: MIT
# A job under the programs that start others: shells, time, nohup, setsid, timeout, nice, env -i; as sshd starts it, with pipes to
# another program; and in a terminal, from which it comes back in another one or where there is none.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need nohup setsid timeout nice env tmux pgrep

cat >job <<'END' # it does not end before it was saved
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	echo $i
	sleep 0.01
	until [ $i -lt 20 ] || [ -e go ]; do sleep 0.01; done
done
exit 5
END
seq 40 >want.out

counts() { [ -s out ]; }
# back EXTRA: what runs as process $! is dumped and comes back; it must end with status 5, and ./out hold the numbers and EXTRA.
back() {
	local pid=$! extra=$1 status
	until_true 10 counts || fail "$what: it does not start"
	sleep "0.0$((RANDOM % 90 + 10))"
	must pdump --quiet --kill "$pid" image.tar
	wait "$pid" 2>/dev/null
	: >go
	timeout 60 prestore --quiet image.tar </dev/null >>out 2>err
	status=$?
	[ $status = 5 ] || fail "$what: status $status: $(cat err)"
	cmp want.out <(grep -v "^$extra" out) || fail "$what: output $(tail -n 3 out)"
	echo "fine: $what"
}

starters=(
	"sh -c 'sh job; exit \$?'"
	"bash -c 'time -p sh job'"
	"nohup sh job"
	"setsid sh job"
	"timeout 100 sh job"
	"nice -n 3 sh job"
	"env -i PATH=$PATH sh job"
	"bash -c 'set -o pipefail; sh job | cat | cat'"
	"setsid sh -c 'nohup timeout 100 nice sh -c \"sh job; exit \\\$?\"'"
)
for ((i = 0; i < repeat; i++)); do
	for ((n = i % 2; n < ${#starters[@]}; n += 2)); do # the others next time
		what=${starters[n]}
		rm -f out go
		eval "exec $what" </dev/null >out 2>&1 &
		back '\(real\|user\|sys\|nohup\)'
	done
	what="with pipes to others, as from sshd"
	rm -f out go
	mkfifo in.pipe out.pipe
	sleep 100 >in.pipe &
	input=$!
	cat out.pipe >out &
	setsid sh -c 'sh job; exit $?' <in.pipe >out.pipe 2>&1 &
	back none
	kill $input
	rm in.pipe out.pipe
done

ends() {
	term_expect '^\$$'
	term_line 'echo status=$?'
	term_expect "^status=$1"
}
without_terminal() {
	[ "$1" = 5 ] || fail "without a terminal: status $1: $(cat out)"
	grep -q '^40' out || fail "without a terminal: $(tail -n 3 out)"
	[ "$(tail -n 1 out | tr -d '\r')" = typed ] || fail "without a terminal: $(tail -n 3 out)"
}
for ((i = 0; i < repeat; i++)); do
	rm -f go
	term_start
	term_line "clear; sh -c 'sh job; cat; exit 5'"
	term_expect '^20$'
	must pdump --quiet --kill "$(term_pid)" image.tar
	term_sane
	: >go
	term_line "clear; prestore image.tar"
	term_expect '^40$'
	term_line "typed"
	until_true 10 eval '[ "$(term capture-pane -p | grep -cx typed)" = 2 ]' || fail "its input is not the terminal"
	term_key C-z
	term_expect 'Stopped'
	term_line "fg"
	term_line "again"
	until_true 10 eval '[ "$(term capture-pane -p | grep -cx again)" = 2 ]' || fail "it does not go on"
	term_key C-d
	ends 5
	term_line "clear; prestore image.tar"
	term_expect '^40$'
	term_key C-c
	ends 130
	term_end
	# Where there is none, it gets one of its own, where ^D is typed; or has what prestore has.
	timeout 60 setsid -w prestore --quiet image.tar >out 2>&1 < <(printf 'typed\n\004'; sleep 5)
	without_terminal $?
	timeout 60 setsid -w prestore --quiet --no-pty image.tar >out 2>&1 < <(echo typed)
	without_terminal $?
done
