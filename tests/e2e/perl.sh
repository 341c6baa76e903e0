#!/bin/bash
# SPDX-License-Identifier: MIT
# Perl: primes, a hash that grows, and a plain counting loop.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need perl

cat >job.pl <<'END'
my ($n, %seen, @primes) = (2);
open my $out, '>', $ARGV[0] or die;
OUTER: while (@primes < 40000) {
    my $c = $n++;
    for my $p (@primes) { last if $p * $p > $c; next OUTER unless $c % $p; }
    push @primes, $c;
    $seen{"prime $c"} = scalar @primes;
    print $out "$c\n";
}
my $total = 0;
$total += $_ & 7 for 1 .. 6000000;
print $out "$total $seen{'prime 7919'}\n";
close $out;
print "end $total\n";
END
undisturbed perl job.pl got
mv got want
check() { cmp want got && rm got || fail "the file differs from an undisturbed run"; }
come_back perl job.pl got
