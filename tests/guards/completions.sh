#!/bin/bash
# SPDX-License-Identifier: MIT
# bash completes every option, command and choice that --help names.
. "$(dirname "$0")/lib.sh"

# shellcheck source=contrib/completions/pimage.bash
. contrib/completions/pimage.bash

# completes PROGRAM WORD...: what is offered for the last word.
completes() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_pimage "$BUILD/$1" "${@: -1}" "${*: -2:1}"
	echo " ${COMPREPLY[*]} "
}

for tool in pdump prestore pinspect; do
	[ -x "$BUILD/$tool" ] || skip "$tool is not built"
	offered=$(completes "$tool" --)
	for option in $("$BUILD/$tool" --help | grep -oE -e '--[a-z][a-z-]+' | sort -u); do
		# Texts speak of options of the other programs, too.
		"$BUILD/$tool" --help | grep -qE "^ +(-[a-zA-Z], )?$option( |=|\$)" || continue
		[[ $offered == *" $option"[\ =]* ]] || complain "$tool $option is not offered: $offered"
	done
done
[[ $(completes pinspect v) == " verify " ]] || complain "pinspect verify is not offered"
[[ $(completes pdump "$$") == *" $$ "* ]] || complain "pdump does not offer process ids"
[[ $(completes prestore --pids = n) == *" new "* ]] || complain "prestore --pids=new is not offered"
done_guard
