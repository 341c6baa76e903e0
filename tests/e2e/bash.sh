#!/bin/bash
# SPDX-License-Identifier: MIT
# bash in a terminal with a pipeline that works in the background and an editor that is stopped: killed, and restored in another
# terminal without any option. `jobs`, `fg`, history, functions and variables are as they were, and no line of the pipeline is lost.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need tmux pgrep bash

cat >count <<'END' # it does not end before it was saved
i=0
while [ $i -lt 300 ]; do
	i=$((i + 1))
	echo $i
	sleep 0.005
	until [ $i -lt 100 ] || [ -e go ]; do sleep 0.01; done
done
END
# The shell itself, which may be the child of a prestore that is the child of another shell.
shell() {
	local pid
	pid=$(term display-message -p '#{pane_pid}')
	while [ "$(cat "/proc/$pid/comm")" != bash ]; do
		pid=$(pgrep -P "$pid") || fail "there is no bash"
	done
	echo "$pid"
}
# It is saved with all its jobs, and comes back in another terminal.
move() {
	must pdump --quiet --kill "$(shell)" image.tar
	term_end 2>/dev/null
	term_start 100 30
	term_line "clear; prestore image.tar"
}
for ((i = 0; i < repeat; i++)); do
	rm -f image.tar numbers go
	: >numbers
	term_start
	term_line "exec env PS1='> ' HISTFILE= bash --norc -i"
	term_expect '^>$'
	term_line 'clear; greet() { echo "greetings to $1"; }; secret=4711'
	term_line 'sh count | sed -u s/^/n/ >>numbers &'
	term_line 'echo begun; cat'
	term_expect '^begun'
	term_line 'still there?'
	term_expect '^still there?$'
	term_key C-z
	term_expect 'Stopped'
	sleep 0.1
	move
	term_expect '^>$'
	# The shell before it is in another namespace: the two cannot be in one image.
	if may_namespace; then
		pdump --check "$(term display-message -p '#{pane_pid}')" >told
		grep -q "pid $(shell): it is in another pid namespace" told || fail "namespaces: $(cat told)"
	fi
	term_line 'clear; jobs; greet you; echo $((secret + 1))'
	term_expect '^\[1\].*Running.*sh count | sed'
	term_expect '^\[2\]+.*Stopped.*cat'
	term_expect '^greetings to you'
	term_expect '^4712'
	: >go
	term_line 'clear; fg'
	term_expect '^cat$' # what is typed earlier may be taken for the next command
	term_line 'it answers'
	term_expect '^it answers$'
	term_key C-d
	term_line 'clear; fg %1; echo status $?'
	term_expect '^status 0' 20
	[ "$(cat numbers)" = "$(seq -f n%g 300)" ] || fail "the pipeline wrote: $(tail -n 3 numbers) ($(wc -l <numbers) lines)"
	term_line 'clear; history | tail -n 20'
	term_expect 'sh count | sed -u'
	# Once more, with a pipeline in the foreground: it has the terminal, and ^C and ^Z are for it.
	term_line 'clear; echo begun; cat | sed -u s/^/again:/ | cat; echo left'
	term_expect '^begun'
	term_line 'before'
	term_expect '^again:before'
	move
	term_line 'after'
	term_expect '^again:after'
	term_key C-z
	term_expect '^\[1\]+ *Stopped *cat | sed'
	term_line 'clear; fg'
	term_expect '^cat | sed'
	term_line 'and after'
	term_expect '^again:and after'
	term_key C-c
	term_expect '^>$'
	term_line 'clear; jobs; echo secret=$secret'
	term_expect '^secret=4711'
	term_shows cat && fail "the job is still there"
	term_line 'clear; echo begun; sleep 60'
	term_expect '^begun'
	until_true 5 pgrep -x sleep -u "$(id -u)" || fail "it starts nothing"
	term_key C-z
	term_expect 'Stopped'
	term_line 'bg; jobs; kill %1; wait; exit 3'
	term_expect '^\$$'
	term_line 'echo status=$?'
	term_expect '^status=3'
	term_end
done