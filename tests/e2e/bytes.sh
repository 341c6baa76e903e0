#!/bin/bash
# SPDX-License-Identifier: MIT
# The same stopped process gives the same bytes, to a file or a pipe, with any number of threads; and an
# image needs no file at all.
. "$(dirname "$0")/lib.sh"

: >out
"$SUBJECTS/anonymous" </dev/null >>out 2>&1 &
target=$!
until_true 10 file_says ready out || fail "the subject does not start"
export SOURCE_DATE_EPOCH=1700000000
must pdump --quiet --stop "$target" zeroth.tar
grep -q '^State:.T' /proc/$target/status || fail "--stop has not left it stopped"
must pdump --quiet "$target" first.tar
must pdump --quiet "$target" second.tar
grep -q '^State:.T' /proc/$target/status || fail "a dump has continued a stopped process"
cmp first.tar second.tar || fail "two dumps of a stopped process differ"
must pdump --quiet --threads=1 "$target" third.tar
must pdump --quiet --threads=5 "$target" fourth.tar
cmp third.tar fourth.tar || fail "images depend on the number of threads"
pdump --quiet "$target" - | cat >fifth.tar
cmp first.tar fifth.tar || fail "an image to a pipe differs from one to a file"
kill -CONT "$target"
must rm -f ./*.tar
pdump --quiet --kill "$target" - | prestore --quiet --detach --pidfile=pid - || fail "pdump - | prestore -"
kill -USR1 "$(cat pid)"
wait_gone "$(cat pid)" 20
[ "$(tail -n 1 out)" = "done" ] || fail "it came back as: $(cat out)"
