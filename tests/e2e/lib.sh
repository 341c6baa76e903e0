# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts share. tests/run starts each in an empty directory of its own, as an ordinary
# user, with pdump, prestore and pinspect in PATH, E2E and SUBJECTS naming where scripts and subjects
# lie, and PIMAGE_REPEAT saying how often. Exit status 0 passed, 1 failed, 77 skipped; the last line
# that begins with "failed: " or "skip: " says why.

set -u -o pipefail
repeat=${PIMAGE_REPEAT:-1}

fail() { echo "failed: $*"; exit 1; }
skip() { echo "skip: $*"; exit 77; }
must() { "$@" || fail "status $? of: $*"; }

# need PROGRAM...: skips without them.
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# The interpreter of the system: one from a home directory may not be readable here.
python3=/usr/bin/python3
[ -x "$python3" ] || python3=$(command -v python3)

# build NAME FLAG...: compiles NAME.c of this directory into ./NAME (or what -o says).
build() {
	local name=$1
	shift
	need "${CC:-gcc}"
	must "${CC:-gcc}" -O1 -g -pthread -D_GNU_SOURCE -o "$name" "$@" "$E2E/$name.c"
}

# Scripts start others.
[ -p "$PIMAGE_TEST/.pause" ] || mkfifo "$PIMAGE_TEST/.pause" || fail "no fifo"
# pause MILLISECONDS: not by sleep(1), whose start takes longer than most of what is waited for. Nobody writes into that pipe.
pause() {
	local seconds
	printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	read -rt "$seconds" <>"$PIMAGE_TEST/.pause" || true
}

# until_true SECONDS COMMAND...: waits until the command succeeds. What the command itself takes does not count, for hosts under load.
until_true() {
	local left=$(($1 * 1000)) ms=5
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((left -= ms)) -gt 0 ] || return 1
		pause $ms
		[ $((ms += ms / 2)) -le 50 ] || ms=50
	done
}

# Without processes, since they are asked again and again.
# file_says TEXT FILE: the file holds the text.
file_says() {
	local text='' # also if there is no file yet
	IFS= read -rd '' text <"$2"
	[[ $text == *"$1"* ]]
}
# Also when its parent has not asked for its status yet: that may be nobody of this test.
is_gone() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ ${stat##*) } == [ZX]* ]]
}
wait_gone() {
	until_true "${2:-60}" is_gone "$1" ||
		fail "process $1 has not ended: $(tr '\0' ' ' <"/proc/$1/cmdline"), $(grep ^State "/proc/$1/status"), in system call $(cut -d' ' -f1 "/proc/$1/syscall")"
}

# pause_within PERCENT PERCENT: a random part of $took, as seconds.
pause_within() {
	local ms=$((took * ($1 * 100 + RANDOM % (($2 - $1) * 100)) / 10000))
	printf '%d.%03d\n' $((ms / 1000)) $((ms % 1000))
}

# undisturbed COMMAND...: runs it with output to ./want.out and notes the milliseconds it took.
undisturbed() {
	local began=${EPOCHREALTIME/[.,]/}
	"$@" </dev/null >want.out 2>&1 || fail "status $? of an undisturbed run: $*: $(tail -n 3 want.out)"
	took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
}

# Many containers do not let users make namespaces: --pids=auto takes new ids there.
may_namespace() { unshare -Urp --fork true 2>/dev/null; }

# The ways to restore that take turns from one repetition to the next. Old process ids outside of a
# namespace need privilege; an ordinary user gets a namespace by default.
restore_ways=("--detach" "--pids=new" "--detach --pids=new" "--pids=auto")
may_namespace && restore_ways[3]="--pids=namespace"

# go_on WAY IMAGE: restores, and waits until the process ended. In the foreground its status counts.
go_on() {
	local way=$1 image=$2
	rm -f pid
	case $way in
	*--detach*)
		# shellcheck disable=SC2086
		must prestore $way --pidfile=pid "$image"
		[ -s pid ] || fail "prestore --detach left no pid"
		wait_gone "$(cat pid)" ;;
	*)
		must prestore "$way" "$image" ;;
	esac
}

# What pimage cannot save yet, it says. Returns 1 when the process has ended by itself.
dump_or_skip() {
	local status
	pdump --quiet --kill "$1" image.tar 2>pdump.err && return
	status=$?
	[ $status = 7 ] && return 1
	[ $status = 5 ] && grep -q 'not supported yet' pdump.err &&
		skip "$(grep -m1 'not supported yet' pdump.err | sed 's/^.*: //')"
	fail "pdump: $(cat pdump.err)"
}

# come_back COMMAND...: what `undisturbed` ran is run again, with output to ./out, and dumped, which
# kills it, at a random moment; then restored. Once per repetition. Then ./out must be ./want.out,
# and `check`, which the script may define, looks at the rest and cleans up.
come_back() {
	local i pid way pause tries=0
	for ((i = 0; i < repeat; i++)); do
		way=${restore_ways[i % ${#restore_ways[@]}]}
		pause=$(pause_within 2 70)
		echo "repetition $i: dumped after $pause s of $took ms, restored with $way"
		: >out
		"$@" </dev/null >>out 2>&1 &
		pid=$!
		sleep "$pause"
		if ! dump_or_skip "$pid"; then # this host is busy, or was
			[ $((tries += 1)) -lt 20 ] || fail "it ended within $pause s: $(tail -n 3 out)"
			took=$((took * 2 / 3)) i=$((i - 1))
			# What it has left would be taken for the next one's.
			wait "$pid" 2>/dev/null
			if declare -F check >/dev/null; then check; fi
			continue
		fi
		wait "$pid" 2>/dev/null
		go_on "$way" image.tar
		cmp want.out out || fail "the output differs from an undisturbed run: $(tail -n 3 out)"
		if declare -F check >/dev/null; then check; fi
		rm -f image.tar
	done
}

# A terminal: a pane of tmux with a shell in it.
term_number=0
term() { tmux -S "$PWD/tmux.$term_number" "$@"; }
term_start() {
	term_number=$((term_number + 1)) # the server of the one before may still be about to end
	term -f /dev/null new-session -d -x "${1:-80}" -y "${2:-24}" "exec env PS1='\$ ' LC_ALL=C.UTF-8 sh" 2>tmux.err ||
		skip "tmux does not start here: $(cat tmux.err)"
	term_expect '^\$'
}
term_end() { term kill-server; }
# tmux takes a semicolon at the end for one of its own.
term_type() { term send-keys -l -- "${1/%;/\\;}"; }
term_key() { term send-keys "$@"; }
term_line() { term_type "$1"; term_key Enter; }
term_shows() { term capture-pane -p | grep -qe "$1"; }
term_expect() {
	until_true "${2:-30}" term_shows "$1" && return
	term capture-pane -p
	fail "the screen does not show '$1'"
}
# A program that was killed leaves the terminal as it had it: without echo, and Enter ends no line.
term_sane() {
	term_expect 'Killed'
	term_type "stty sane; clear; echo sane"
	term_key C-j
	term_expect '^sane'
}
# The program that the shell of the pane runs.
term_pid() { pgrep -P "$(term display-message -p '#{pane_pid}')"; }

# What rewriter.c, which must have been built, is started with; it runs as process $target, with output to ./out and ./err.
rewriter_start() {
	rm -f out err
	: >out
	./rewriter "$@" >out 2>err </dev/null &
	target=$!
	until_true 20 file_says ready out || fail "it does not start: $(cat err)"
}
# rewriter_end PID WHO: it has found nothing wrong so far.
rewriter_end() {
	kill -TERM "$1"
	wait_gone "$1"
	[ "$(cat err)" = fine ] || fail "$2: it says: $(cat err)"
}
# rewriter_back IMAGE WHO: what the image holds must be as it should.
rewriter_back() {
	: >err
	must prestore --quiet --detach --pidfile=pid "$1"
	pause 150
	rewriter_end "$(cat pid)" "$2"
}
