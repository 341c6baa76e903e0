#!/bin/bash
# SPDX-License-Identifier: MIT
# A job on a terminal of its own, which can be left and returned to.
# user: user root
# Objects: tty, terminal
. "$(dirname "$0")/lib.sh"
need setsid

build holder
ways=(new)
may_namespace && ways+=(namespace)
[ "$(id -u)" = 0 ] && ways+=(keep)
export XDG_RUNTIME_DIR=$PWD
exec "$python3" "$E2E/attach.py" "${ways[@]}"
