#!/bin/bash
# SPDX-License-Identifier: MIT
# Children that were numbered around pid_max are saved in the order in which they were born.
# user: user root
. "$(dirname "$0")/lib.sh"
may_namespace || skip "no namespaces"
need unshare
[ -x "$python3" ] || skip "python3 is not installed"

# The first get the last numbers there are, the others begin anew; each in a tick of the clock of its own. Nothing else is started meanwhile, for it would take numbers.
cat >inside <<'EOF'
max=$(cat /proc/sys/kernel/pid_max)
echo $((max - 5)) >/proc/sys/kernel/ns_last_pid || exit 77
bash -c 'for i in 1 2 3 4 5 6; do sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; read -rt 0.03 <>/dev/zero; done >children; : >born; exec sleep 1000' </dev/null >/dev/null 2>&1 &
root=$!
until [ -e born ]; do read -rt 0.05 <>/dev/zero; done
pdump --quiet "$root" image.tar || exit 1
EOF
unshare --user --map-root-user --pid --fork --mount-proc --kill-child bash inside 2>err
status=$?
[ $status = 77 ] && skip "no number can be chosen here: $(cat err)"
[ $status = 0 ] || fail "pdump: $(cat err)"
saved=$(pinspect cat image.tar pimage.json | "$python3" -c 'import json, sys; print(*json.load(sys.stdin)["pids"][1:])')
[ "$saved" = "$(tr '\n' ' ' <children | sed 's/ $//')" ] || fail "born: $(tr '\n' ' ' <children); saved: $saved"
first=$(head -n 1 children) last=$(tail -n 1 children)
[ "$first" -gt "$last" ] || fail "the numbers did not begin anew: $(cat children)"
