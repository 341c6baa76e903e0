#!/bin/bash
# SPDX-License-Identifier: MIT
# A thread that may run on all processors of its cpuset is bound to none, if that is pdump's cpuset too; of another it keeps those that it has there.
# user: root
. "$(dirname "$0")/lib.sh"
need taskset

allowed() { sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"; }
mine=$(allowed $$)
[[ $mine == *[,-]* ]] || skip "there is one processor only"
first=${mine%%[,-]*}
own=$(sed -n 's/^[0-9]*:cpuset://p; s/^0::/2:/p' /proc/self/cgroup | head -n 1)
case $own in
/*) top=$(awk '$3 == "cgroup" && $4 ~ /cpuset/ { print $2; exit }' /proc/mounts)$own ;;
2:*) top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)${own#2:} ;;
*) skip "there are no cpusets" ;;
esac
small=${top%/}/pimage-test.$$
mkdir "$small" 2>/dev/null || skip "no cpuset can be made in $top"
# Whoever is left in it by a failure has to go before it can.
end() {
	xargs -r kill -9 <"$small/cgroup.procs"
	until_true 10 rmdir "$small" 2>/dev/null
}
trap end EXIT
# What is above need not say it in the second version.
nodes=$(cat "$top/cpuset.mems" 2>/dev/null)
[ -z "$nodes" ] || (echo "$nodes" >"$small/cpuset.mems") 2>/dev/null || skip "$small/cpuset.mems cannot be set"
(echo "$first" >"$small/cpuset.cpus") 2>/dev/null || skip "$small/cpuset.cpus cannot be set"
# Both in place of a subshell.
inside() { echo "$BASHPID" >"$small/cgroup.procs" && exec "$@"; }
outside() { exec "$@"; }
(inside true) 2>/dev/null || skip "nobody can be moved to $small"

# saved WHERE-IS-IT WHERE-IS-PDUMP: the processors to which its only thread is bound, by the image.
saved() {
	$1 sleep 1000 </dev/null &
	until_true 10 eval '[ "$(cat /proc/'$!'/comm)" = sleep ]' || fail "the target does not start"
	($2 pdump --quiet --kill $! image.tar) 2>err || fail "pdump $2: $(cat err)"
	wait $! 2>/dev/null
	affinity=$(tar -xOf image.tar --wildcards 'processes/*/threads/*.json' | sed -n 's/.*"affinity": "\([^"]*\)".*/\1/p')
}
saved outside outside
[ -z "$affinity" ] || fail "both outside: bound to $affinity"
saved outside inside
[ "$affinity" = "$mine" ] || fail "the target outside: bound to $affinity, and not $mine"
# By taskset to those that pdump's cpuset has.
saved "outside taskset -c $first" inside
[ "$affinity" = "$first" ] || fail "the target outside, and bound: to $affinity, and not $first"
saved inside outside
[ "$affinity" = "$first" ] || fail "the target inside: bound to $affinity, and not $first"
saved inside inside
[ -z "$affinity" ] || fail "both inside: bound to $affinity"

must prestore --quiet --verify --pids=new --detach --pidfile=pid image.tar
[ "$(allowed "$(cat pid)")" = "$mine" ] || fail "restored outside: on $(allowed "$(cat pid)") and not $mine"
kill -9 "$(cat pid)"
wait_gone "$(cat pid)"
