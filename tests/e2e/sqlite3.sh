#!/bin/bash
# SPDX-License-Identifier: MIT
# The sqlite3 shell in a terminal, dumped within a transaction: locks and journal come back with it.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need sqlite3 tmux pgrep

for ((i = 0; i < repeat; i++)); do
	rm -f test.db* image.tar
	must sqlite3 test.db 'create table t (n integer, s text); insert into t values (0, "old")'
	term_start
	term_line "sqlite3 -cmd '.prompt ready>' test.db"
	term_expect 'ready>$'
	term_line "begin; with recursive c(n) as (select 1 union all select n+1 from c where n<5000)
insert into t select n, 'row ' || n from c;"
	term_line "select 'rows:' || count(*) from t;"
	term_expect '^rows:5001'
	must pdump --quiet --kill "$(term_pid)" image.tar
	term_sane
	term_line "clear; prestore --quiet ${restore_ways[1 + i % 2 * 2]#--detach } image.tar"
	sleep 0.3
	term_line "select 'again:' || count(*) from t;"
	term_expect '^again:5001'
	# Nobody else may write while the transaction is open, and nobody sees it.
	sqlite3 test.db "insert into t values (1, 'intruder')" 2>/dev/null &&
		fail "the lock of the open transaction was lost"
	[ "$(sqlite3 test.db 'select count(*) from t')" = 1 ] || fail "the transaction is visible"
	term_line "commit;"
	term_line ".quit"
	term_expect '^\$$' # what is typed before is thrown away
	term_line 'echo status=$?'
	term_expect '^status=0'
	term_end
	[ "$(sqlite3 test.db 'select count(*), sum(n) from t; pragma integrity_check')" = "5001|12502500
ok" ] || fail "the database holds $(sqlite3 test.db 'select count(*), sum(n) from t')"
done
