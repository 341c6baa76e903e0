#!/bin/bash
# SPDX-License-Identifier: MIT
# nano in a terminal with unsaved text.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need nano tmux pgrep

for ((i = 0; i < repeat; i++)); do
	rm -f text image.tar .text.swp
	term_start
	term_line "nano -I text"
	term_expect 'GNU nano'
	term_line "first line, not yet saved"
	term_type "second line"
	term_expect '^second line'
	must pdump --quiet --kill "$(term_pid)" image.tar
	term_sane
	term_line "clear; prestore --quiet ${restore_ways[1 + i % 2 * 2]#--detach } image.tar"
	term_expect 'GNU nano'
	term_expect '^first line, not yet saved'
	term_type " goes on"
	term_expect '^second line goes on'
	term_key C-o
	term_expect 'File Name to Write'
	term_key Enter
	term_expect 'Wrote 2 lines'
	term_key C-x
	term_expect '^\$$' # what is typed before is thrown away
	term_line 'echo status=$?'
	term_expect '^status=0'
	term_end
	[ "$(cat text)" = "first line, not yet saved
second line goes on" ] || fail "the file holds: $(cat text)"
done
