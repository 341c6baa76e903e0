#!/bin/bash
# SPDX-License-Identifier: MIT
# Who may include what: one place for each foreign library, and dependencies run one way.
. "$(dirname "$0")/lib.sh"

# only HEADER FILE...: no other source of the programs includes it.
only() {
	local header=$1 allowed
	shift
	allowed=$(printf '%s\n' "$@")
	# shellcheck disable=SC2086
	grep -rlE "^#include <$header>" --include='*.[ch]' $product |
		grep -vxF "$allowed" | sed "s|\$|: includes <$header>|" | grep . &&
		complain "<$header> belongs into $*"
}
only 'jansson\.h' format/record_json.h format/record.c format/record_decode.c
only 'archive(_entry)?\.h' format/image_write.c format/image_tar.c
only 'zstd(_errors)?\.h' format/pages.c format/pages_read.c
only 'xxhash\.h' format/pages.c format/pages_hash.c format/pages_read.c
only 'openssl/.*' format/digest.c
only 'sys/capability\.h' restore/capabilities.c dump/capabilities.c kernel/capabilities.c

# never FOLDER WHAT EXCEPT: no source there includes these headers of ours.
never() {
	grep -rnE "^#include \"($2)" --include='*.[ch]' "$1" | grep -vE "\"($3)" &&
		complain "$1/ must not know that"
}
nothing='$^'
never format 'kernel/|cli/|dump/|restore/|inspect/|arch/(x86_64|host)' "$nothing"
never arch/all 'kernel/|cli/|dump/|restore/|inspect/' "$nothing"
never kernel 'format/|cli/|dump/|restore/|inspect/' 'format/(err|cleanup|bytes|search|together)\.h'
never cli 'kernel/|dump/|restore/|inspect/' "$nothing"
never dump 'restore/|inspect/' "$nothing"
never restore 'inspect/' "$nothing"
never inspect 'kernel/|dump/|restore/' "$nothing"
done_guard
