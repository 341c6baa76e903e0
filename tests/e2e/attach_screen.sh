#!/bin/bash
# SPDX-License-Identifier: MIT
# Editors on a terminal of their own: left behind at once, looked at from terminals of other sizes, which are as before afterwards.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need vim nano tmux pgrep

export XDG_RUNTIME_DIR=$PWD
ways=(new auto)

# edit WAY EDITOR...: saves it with unsaved text.
edit() {
	rm -f text image.tar pid .text.sw*
	term_start 80 24
	term_line "$*"
	"${1}_writes"
	must pdump --quiet --kill "$(term_pid)" image.tar
	term_expect 'Killed'
	term_end
}
vim_writes() {
	term_expect '^~'
	term_type "ifirst line, not yet saved"
	term_key Escape
	term_expect '^first line, not yet saved'
}
nano_writes() {
	term_expect 'GNU nano'
	term_type "first line, not yet saved"
	term_expect '^first line, not yet saved'
}

# look COLUMNS LINES TEXT: attaches in a new terminal, which has to show it.
look() {
	term_start "$1" "$2"
	term_line "prestore --attach=pid"
	term_expect '^first line, not yet saved'
	term_expect "$3"
}
# The shell's own line is where it was, and the cursor and the keys are its own again.
leave() {
	term_key 'C-]'
	term_expect '^detached; prestore --attach='
	term_line 'echo the sh""ell $?'
	term_expect '^the shell 0'
}

for way in "${ways[@]}"; do
	edit vim -u NONE -i NONE text
	must prestore --quiet --detach --pidfile=pid --pids="$way" image.tar
	look 100 30 '^~'
	leave
	term_line 'clear; prestore --attach=pid'
	term_expect '^first line, not yet saved'
	term_end # hung up
	look 60 15 '^~'
	term_type "A and more"
	term_key Escape
	term_line ":wq"
	term_expect '^\$$' # what is typed before is vim's
	term_line 'clear; echo status=$?'
	term_expect '^status=0'
	term_end
	[ "$(cat text)" = "first line, not yet saved and more" ] || fail "the file holds: $(cat text)"
	[ -z "$(ls pimage)" ] || fail "left behind: $(ls pimage)"
done

edit nano -I text
must prestore --quiet --detach --pidfile=pid image.tar
look 60 15 'GNU nano'
leave
term_end
look 60 15 'GNU nano'
term_type ", now it is: "
term_key C-o
term_expect 'File Name to Write'
term_key Enter
term_expect 'Wrote 1 line'
term_key C-x
term_expect '^\$'
term_end
[ "$(cat text)" = ", now it is: first line, not yet saved" ] ||
	[ "$(cat text)" = "first line, not yet saved, now it is: " ] || fail "the file holds: $(cat text)"
