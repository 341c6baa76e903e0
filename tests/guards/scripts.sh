#!/bin/bash
# SPDX-License-Identifier: MIT
# The program shellcheck has no warning about any shell script, and Python compiles.
. "$(dirname "$0")/lib.sh"

need shellcheck
while read -r file; do
	case $(head -n 1 "$file") in
	*python3*)
		python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$file" ||
			complain "$file" ;;
	'#!'*sh)
		shellcheck -S warning -x -P SCRIPTDIR "$file" || complain "$file" ;;
	esac
done < <(find .ci tools tests -type f -perm -u+x | sort)
done_guard
