#!/bin/bash
# SPDX-License-Identifier: MIT
# The controlling terminal: settings, /dev/tty, and what happens without one.
# Objects: tty, terminal
. "$(dirname "$0")/lib.sh"
need setsid

build holder
exec "$python3" "$E2E/terminal.py"
