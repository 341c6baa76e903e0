#!/bin/bash
# SPDX-License-Identifier: MIT
# Copies for which there are too few processes, at each of them that they take, where nobody collects orphans: prestore fails, and nothing is left.
# user: root
# time-out: 200
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"
may_namespace || skip "no namespaces"

exec "$python3" "$E2E/copies_few.py"
