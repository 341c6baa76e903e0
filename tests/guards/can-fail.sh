#!/bin/bash
# SPDX-License-Identifier: MIT
# Every guard notices what it is there for: a fault is planted in a copy of the sources.
. "$(dirname "$0")/lib.sh"

need tar cc
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$scratch"
mkdir -p "$scratch/build/spec" "$scratch/build/format"
cp "$BUILD/spec/generate" "$scratch/build/spec/" || skip "$BUILD/spec/generate is not built"

# notices GUARD FILE: the guard fails on the copy and names the file, which is then put back.
notices() {
	local guard=$1 file=$2 text
	text=$(cd "$scratch" && BUILD=build FOLDERS=format SCRIPTS=tools "tests/guards/$guard.sh" 2>&1) &&
		complain "$guard.sh passes in spite of a fault in $file"
	grep -qF "$file" <<<"$text" || complain "$guard.sh does not name $file: $text"
	rm -f "$scratch/$file"
	if [ -e "$file" ]; then cp "$file" "$scratch/$file"; fi
}
# plant FILE TEXT: adds it at the end.
plant() { printf '%s\n' "$2" >>"$scratch/$1"; }

plant spec/eventfd.schema.json ' '
notices schemas spec/eventfd.schema.json
plant spec/image-format.md '<!-- table: eventfd -->'
notices schemas spec/image-format.md
sed -i 's/"count"/"number"/' "$scratch/spec/examples/good/file-eventfd.json"
notices examples spec/examples/good/file-eventfd.json
rm "$scratch/dump/eventfd.c"
notices resources dump/eventfd.c
plant format/planted.h 'struct planted { uint32_t unknown; };'
notices headers format/planted.h
plant format/planted.c 'int  planted ;'
notices layout format/planted.c
plant format/planted.c "$(printf 'void planted(void)\n{\n'; yes '	;' | head -n 100; echo '}')"
notices sizes format/planted.c
plant format/planted.c "$(yes | head -n 601)"
notices sizes format/planted.c
echo 'int planted = 1;' | cc -x c -c -o "$scratch/build/format/planted.o" -
notices state build/format/planted.o
plant format/planted.c '#if 0'
notices conditionals format/planted.c
plant format/planted.c '#include "kernel/freeze.h"'
notices layers format/planted.c
plant format/planted.c '#include <jansson.h>'
notices layers format/planted.c
plant tools/planted "$(printf '#!/bin/sh\ncd planted')"
chmod +x "$scratch/tools/planted"
notices scripts tools/planted

plant format/planted.c '/* */'
chmod +x "$scratch/format/planted.c"
notices modes format/planted.c
if [ -x "$BUILD/pdump" ]; then
	cp "$BUILD"/p{dump,restore,inspect} "$scratch/build/"
	printf x | dd of="$scratch/spec/examples/example.tar" bs=1 seek=700 conv=notrunc status=none
	notices example spec/examples/example.tar
	plant contrib/completions/pimage.bash '_pimage_options() { echo --planted; }'
	notices completions stop
fi

# Every guard is in this list.
for guard in tests/guards/*.sh; do
	guard=${guard##*/}
	case $guard in
	lib.sh | can-fail.sh) ;;
	*) grep -qE "^\s*notices ${guard%.sh} " "$0" || complain "$guard is not tried" ;;
	esac
done
done_guard
