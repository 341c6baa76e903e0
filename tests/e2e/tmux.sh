#!/bin/bash
# SPDX-License-Identifier: MIT
# A server of tmux with three windows, a shell, an editor with unsaved text and an interpreter, is killed and restored without any option. Its
# windows answer, and a client attaches to it.
# Objects: pty_master
# time-out: 240
. "$(dirname "$0")/lib.sh"
need tmux vim pgrep bash

server() { tmux -S "$PWD/server" "$@"; }
shows() { server capture-pane -p -t ":$1" 2>/dev/null | grep -qe "$2"; }
expect() {
	until_true 10 shows "$1" "$2" && return
	server capture-pane -p -t ":$1"
	fail "window $1 does not show '$2'"
}
line() { server send-keys -t ":$1" -l -- "${2/%;/\\;}" && server send-keys -t ":$1" Enter; }

start() {
	server -f /dev/null new-session -d -x 80 -y 24 -n shell "exec env PS1='> ' HISTFILE= bash --norc -i" 2>tmux.err ||
		skip "tmux does not start here: $(cat tmux.err)"
	server new-window -n editor "exec vim -u NONE -i NONE text"
	server new-window -n python "exec $python3 -q"
	expect shell '^>$'
	expect editor '^~'
	expect python '^>>>'
	line shell 'secret=4711; clear; sleep 1000 &'
	expect shell '^\[1\]'
	server send-keys -t :editor -l 'ifirst line, not yet saved'
	server send-keys -t :editor Escape
	expect editor '^first line'
	line python 'import threading; numbers = list(range(1000))'
	line python 'sum(numbers)'
	expect python '^499500'
}

look() {
	line shell 'clear; jobs; echo $((secret + 1))'
	expect shell '^4712'
	expect shell 'Running.*sleep 1000'
	server send-keys -t :editor -l 'Asecond'
	server send-keys -t :editor Escape
	expect editor '^first line, not yet savedsecond'
	line python 'numbers[7] * 6'
	expect python '^42'
	expect python '^499500'
}

# A window of a terminal of this test becomes a client of the server.
attach() {
	term_start 100 30
	term_line "exec env -u TMUX tmux -S $PWD/server attach"
	term_expect '0:shell'
	server select-window -t :editor
	term_expect '^first line, not yet savedsecond'
	term_line ':wq'
	until_true 10 test -s text || fail "the editor has not saved"
	server kill-server
	until_true 5 eval '! term has-session 2>/dev/null' || term_end
}

for ((i = 0; i < repeat; i++)); do
	rm -f image.tar text .text.sw* pid server
	start
	pid=$(server display-message -p '#{pid}')
	must pdump --quiet --kill "$pid" image.tar
	wait_gone "$pid"
	# shellcheck disable=SC2086
	must prestore --quiet --detach ${restore_ways[i % 4]#--detach} --pidfile=pid image.tar
	look
	attach
	wait_gone "$(cat pid)"
	[ "$(cat text)" = "first line, not yet savedsecond" ] || fail "the file holds: $(cat text)"
done
