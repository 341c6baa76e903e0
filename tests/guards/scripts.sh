#!/bin/bash
# SPDX-License-Identifier: MIT
# The program shellcheck has no warning about any shell script, and Python compiles.
. "$(dirname "$0")/lib.sh"

need shellcheck
shells=()
pythons=()
while read -r file; do
	IFS= read -r first <"$file"
	case $first in
	*python3*) pythons+=("$file") ;;
	'#!'*sh) shells+=("$file") ;;
	esac
done < <(find $scripts -type f -perm -u+x 2>/dev/null | sort)
# All at once: starting it takes as long as reading a script.
shellcheck -S warning -x -P SCRIPTDIR "${shells[@]}" || complain "shellcheck has warnings"
python3 -c 'import ast, sys
for file in sys.argv[1:]:
	ast.parse(open(file).read(), file)' "${pythons[@]}" || complain "a program does not compile"
done_guard
