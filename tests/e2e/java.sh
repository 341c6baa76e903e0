#!/bin/bash
# SPDX-License-Identifier: MIT
# OpenJDK: many threads, code that is compiled while it runs, garbage collection.
# time-out: 240
. "$(dirname "$0")/lib.sh"
need java javac

cat >Job.java <<'END'
import java.util.*;
import java.util.stream.*;

class Job {
    static long count(int low, int high) {
        return IntStream.range(low, high).filter(n -> {
            for (int d = 2; (long) d * d <= n; d++)
                if (n % d == 0) return false;
            return n > 1;
        }).count();
    }

    public static void main(String[] args) throws Exception {
        long[] found = new long[20];
        Thread[] threads = new Thread[found.length];
        for (int i = 0; i < threads.length; i++) {
            int part = i;
            threads[i] = new Thread(() -> {
                List<byte[]> litter = new ArrayList<>();
                for (int j = 0; j < 50; j++) {
                    int low = (part * 50 + j) * 2500;
                    found[part] += count(low, low + 2500);
                    litter.add(new byte[20000]);
                    if (j % 10 == 0) litter.clear();
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) thread.join();
        System.out.println(LongStream.of(found).sum() + " primes below 2500000");
    }
}
END
must javac Job.java
undisturbed java -Xmx200m -cp . Job
come_back java -Xmx200m -cp . Job
