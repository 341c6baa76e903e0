#!/bin/bash
# SPDX-License-Identifier: MIT
# vim in a terminal with unsaved text; restored in a terminal of another size.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need vim tmux pgrep

for ((i = 0; i < repeat; i++)); do
	rm -f text image.tar .text.sw*
	term_start 80 24
	term_line "vim -u NONE -i NONE text"
	term_expect '^~'
	term_key i
	term_line "first line, not yet saved"
	term_type "second line"
	term_key Escape
	term_expect 'second line'
	must pdump --quiet --kill "$(term_pid)" image.tar
	term_expect 'Killed'
	term_end
	term_start $((80 + i * 20)) $((24 + i * 6))
	term_line "clear; prestore --quiet ${restore_ways[1 + i % 2 * 2]#--detach } image.tar"
	term_expect '^first line, not yet saved'
	term_expect '^second line'
	term_expect '^~'
	term_type "Athird"
	term_key Escape
	term_line ":wq"
	term_expect '^\$$' # what is typed before is thrown away
	term_line 'echo status=$?'
	term_expect '^status=0'
	term_end
	[ "$(cat text)" = "first line, not yet saved
second linethird" ] || fail "the file holds: $(cat text)"
done
