#!/bin/bash
# SPDX-License-Identifier: MIT
# A program that goes on while its memory is saved: the image is of one moment, the program sees
# nothing of its copy, and the copy holds nothing open.
# time-out: 180
. "$(dirname "$0")/lib.sh"

build rewriter

# The original, and what the image holds, must both be as they should.
both_fine() {
	rewriter_end "$target" "the original"
	wait "$target" 2>/dev/null
	rewriter_back image.tar "the restored one"
}

only_one() { [ "$(pgrep -c -x rewriter -u "$(id -u)" -r D,R,S,T,t)" = 1 ]; }
alone() { until_true 10 only_one || fail "a copy is left: $(pgrep -a -x rewriter)"; }

echo "== nobody reads the image until the program has gone on for long, and closed its output"
mkfifo slow pipe
: >err
cat pipe >said &
peer=$!
./rewriter >pipe 2>err </dev/null &
target=$!
until_true 20 file_says ready said || fail "it does not start: $(cat err)"
pdump --verbose "$target" - >slow 2>steps &
dump=$!
exec 3<slow
until_true 20 file_says 'let go' steps || fail "the process waits for the reader: $(cat steps)"
kill -USR1 "$target"
until_true 20 is_gone $peer || fail "the copy holds the pipe open"
sleep 0.3
kill -0 $dump || fail "it did not wait for its reader: $(cat steps)"
cat <&3 >image.tar
exec 3<&-
wait $dump || fail "pdump: $(cat steps)"
grep -q 'by a fork' steps || fail "there was no copy: $(cat steps)"
both_fine

for what in "shared" "lost" "shared lost"; do
	for ((i = 0; i < repeat; i++)); do
		echo "== $what"
		# shellcheck disable=SC2086
		rewriter_start $what
		sleep "0.0$((RANDOM % 90 + 10))"
		must pdump --verbose --snapshot=fork "$target" image.tar
		alone
		both_fine
	done
done

echo "== copied ahead while it writes"
for what in "" "shared" "lost" "shared lost"; do
	for ((i = 0; i < repeat; i++)); do
		# shellcheck disable=SC2086
		rewriter_start $what
		sleep "0.0$((RANDOM % 90 + 10))"
		pdump --verbose --snapshot=wp "$target" image.tar 2>steps || {
			grep -q 'since Linux 6.7\|userfaultfd' steps && break 2
			fail "pdump: $(cat steps)"
		}
		grep -q 'copied ahead' steps || fail "nothing was copied ahead: $(cat steps)"
		grep -q ' uw' "/proc/$target/smaps" && fail "its writes are still watched"
		must pinspect image.tar >summary
		grep -q 'its working set' summary || fail "what it wrote is not its working set: $(cat summary)"
		both_fine
	done
done

echo "== a pause that cannot be kept is refused before, and chosen for"
rewriter_start
sleep 0.2
pdump --quiet --max-pause=1 "$target" image.tar 2>err2 && fail "a pause of 1 ms was kept"
grep -q 'max-pause=1\|since Linux 6.7\|userfaultfd' err2 || fail "not told: $(cat err2)"
rewriter_end "$target" "the one that was not dumped"

echo "== private huge pages, where there are any"
if [ "$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)" -ge 2 ]; then
	rewriter_start huge
	must pdump --quiet --snapshot=fork "$target" image.tar
	rewriter_end "$target" "with huge pages"
fi

echo "== stopped by job control: it stays so"
rewriter_start
kill -STOP "$target"
until_true 10 grep -q '^State:.T' "/proc/$target/status"
must pdump --quiet --snapshot=fork "$target" image.tar
grep -q '^State:.T' "/proc/$target/status" || fail "it is not stopped any more"
kill -CONT "$target"
alone
rewriter_end "$target" "the stopped one"

echo "== parent of orphans: it would get the copy"
rewriter_start subreaper
must pdump --verbose "$target" image.tar 2>steps
grep -q 'parent of orphans' steps || fail "not told: $(cat steps)"
pdump --snapshot=fork "$target" image.tar 2>steps && fail "a subreaper was forked"
rewriter_end "$target" "the subreaper"

if [ "$(id -u)" != 0 ]; then
	echo "== no more processes allowed"
	rewriter_start
	must prlimit --nproc=1:1 --pid "$target"
	must pdump --verbose "$target" image.tar 2>steps
	grep -q 'no copy.*cloning' steps || fail "not told: $(cat steps)"
	pdump --snapshot=fork "$target" image.tar 2>steps && fail "forked in spite of the limit"
	alone
	both_fine
fi

echo "== without newer kernel interfaces"
rewriter_start lost
PIMAGE_WITHOUT=rendezvous,proc_mem_force,process_vm must pdump --quiet --snapshot=fork "$target" image.tar
alone
both_fine
