# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion for pdump, prestore and pinspect. Options, their values and commands are read from what
# --help prints, so this file does not know any.

# The words of --help that begin an option, a command or a choice of an option's values.
_pimage_options() {
	"$1" --help 2>/dev/null | sed -nE 's/^ +(-[A-Za-z], )?(--[a-z-]+=?).*/\2/p'
}
_pimage_commands() {
	"$1" --help 2>/dev/null |
		sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p'
}
# --pids=auto|keep|new: the words between the bars.
_pimage_values() {
	"$1" --help 2>/dev/null |
		sed -nE "s/^ +(-[A-Za-z], )?$2=([a-z]+(\|[a-z]+)+).*/\2/p" | tr '|' '\n'
}

_pimage() {
	local program=$1 word=$2 before=$3 words=
	COMPREPLY=()
	# "=" is a word of its own: --pids=k is "--pids", "=", "k".
	if [ "$word" = = ]; then
		word=
	elif [ "$before" = = ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $before in
	--*) words=$(_pimage_values "$program" "$before") ;;
	esac
	if [ -z "$words" ]; then
		case $word in
		-*) words=$(_pimage_options "$program") ;;
		*)
			[ "$COMP_CWORD" = 1 ] && words=$(_pimage_commands "$program")
			[ "${program##*/}" = pdump ] && words+=" $(ps -u "$(id -u)" -o pid= 2>/dev/null)" ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	case ${COMPREPLY[*]} in
	*=) compopt -o nospace 2>/dev/null ;;
	esac
}
complete -o default -F _pimage pdump prestore pinspect
