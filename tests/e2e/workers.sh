#!/bin/bash
# SPDX-License-Identifier: MIT
# A C program of 200 threads with a mutex and condition variables counts primes.
# time-out: 180
. "$(dirname "$0")/lib.sh"

build workers
undisturbed ./workers
come_back ./workers
