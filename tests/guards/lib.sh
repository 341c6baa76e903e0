# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the guards share. A guard compares two places that say the same thing, or a rule with the
# code; it runs at the top of the sources with BUILD naming the build, prints what is wrong and
# exits with 1, or 77 if it cannot judge.

set -u -o pipefail
BUILD=${BUILD:-build}
# The folders of C sources, and those of them that make the programs.
product=${FOLDERS:-arch cli dump format inspect kernel restore}
everything=${FOLDERS:-$product spec tests}
# Where scripts are.
scripts=${SCRIPTS:-.ci tools tests}
wrong=0

# complain TEXT...: notes a fault and goes on.
complain() { echo "$*"; wrong=1; }
skip() { echo "skip: $*"; exit 77; }
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}
# The last line of a guard.
done_guard() { exit "$wrong"; }

# sources PATTERN FOLDER...: the files of these names.
sources() {
	local pattern=$1
	shift
	find "$@" -name "$pattern" -type f | sort
}
