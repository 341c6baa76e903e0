#!/bin/bash
# SPDX-License-Identifier: MIT
# A C program that counts, linked in every way there is: shared, static, at fixed addresses, musl.
# time-out: 240
. "$(dirname "$0")/lib.sh"

one() {
	echo "$*"
	CC=$1 build primes "${@:2}"
	undisturbed ./primes
	come_back ./primes
}

one gcc -fPIE -pie
one gcc -fno-pie -no-pie
one gcc -static
one gcc -static-pie -fPIE
if command -v musl-gcc >/dev/null; then
	one musl-gcc
	one musl-gcc -static
else
	echo "musl-gcc is not installed: without it"
fi
