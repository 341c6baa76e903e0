#!/bin/bash
# SPDX-License-Identifier: MIT
# script(1) records a shell in a terminal of its own, killed in the middle and restored in another terminal without any option:
# the shell goes on, and the record with it.
# Objects: pty_master
# time-out: 180
. "$(dirname "$0")/lib.sh"
need tmux script pgrep bash

for ((i = 0; i < repeat; i++)); do
	rm -f image.tar record
	term_start
	term_line "exec env PS1='> ' HISTFILE= script -q -f -c 'bash --norc' record"
	term_expect '^>$'
	term_line 'clear; secret=4711; echo be"gun"'
	term_expect '^begun'
	term_line 'cat'
	term_line 'still there?'
	term_expect '^still there?$'
	must pdump --quiet --kill "$(term display-message -p '#{pane_pid}')" image.tar
	until_true 5 eval '! term has-session 2>/dev/null' || fail "the first terminal has not ended"
	term_start 100 30
	term_line "clear; prestore image.tar"
	term_line 'it answers'
	# Once from the terminal that it is in, once from cat; this one's own may have come before.
	until_true 10 eval '[ "$(grep -c "it answers" record)" = 2 ]' || fail "it does not answer"
	term_key C-c
	term_expect '^>$'
	term_line 'clear; echo "secret $((secret + 1))"; tty'
	term_expect '^secret 4712'
	term_expect '^/dev/pts/'
	term_line 'echo size $(stty size)'
	term_expect '^size 30 100'
	term_line 'exit 3'
	term_expect '^\$'
	term_line 'echo status=$?'
	term_expect '^status='
	term_end
	grep -q 'begun' record || fail "what came before is not in the record"
	grep -q 'secret 4712' record || fail "what came after is not in the record: $(tail -n 5 record)"
done
