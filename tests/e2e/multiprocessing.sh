#!/bin/bash
# SPDX-License-Identifier: MIT
# Python's multiprocessing: a pool, queues with threads that feed them, and locks, counters and conditions in memory that all share.
# time-out: 180
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

cat >job.py <<'END'
import hashlib, multiprocessing, sys, time

multiprocessing.set_start_method("fork")
count, limit = multiprocessing.Value("q", 0), multiprocessing.BoundedSemaphore(2)
lock, turn = multiprocessing.Lock(), multiprocessing.Condition()
ledger = multiprocessing.Array("q", 8)

def work(number):
    digest = hashlib.sha256(b"%d" % number)
    for _ in range(300):
        digest = hashlib.sha256(digest.digest() * 50)
    with limit, count.get_lock():
        count.value += number
    return number, digest.hexdigest()

def move(questions, answers, own):
    for text in iter(questions.get, None):
        with turn:
            turn.wait_for(lambda: ledger[0] % 3 == own)
            ledger[0] += 1
            turn.notify_all()
        ledger[1 + own] += len(text)
        answers.put((own, hashlib.sha256(text).hexdigest()))
    answers.put(None)

def main():
    questions = [multiprocessing.Queue() for _ in range(3)]
    answers = multiprocessing.Queue()
    movers = [multiprocessing.Process(target=move, args=(questions[i], answers, i)) for i in range(3)]
    for mover in movers:
        mover.start()
    for i in range(300):  # more than a pipe holds: the threads of the queues wait
        questions[i % 3].put(b"%d " % i * 1000)
    for queue in questions:
        queue.put(None)
    with multiprocessing.Pool(4) as pool:
        total = hashlib.sha256()
        for number, digest in pool.imap(work, range(400), chunksize=3):
            total.update(b"%d %s\n" % (number, digest.encode()))
        late = pool.map_async(work, range(100))
        got, ended = [], 0
        while ended < 3:
            answer = answers.get()
            ended += answer is None
            got += [answer] if answer else []
        print("pool", total.hexdigest(), count.value >= sum(range(400)))
        print("late", hashlib.sha256(repr(late.get()).encode()).hexdigest(), count.value)
    print("queues", len(got), hashlib.sha256(repr(sorted(got)).encode()).hexdigest(), list(ledger))
    for mover in movers:
        mover.join()
    print("ended with", [mover.exitcode for mover in movers])

main()
END
undisturbed "$python3" job.py
restore_ways=(--pids=auto) # the default; a process knows its parent by its number
come_back "$python3" job.py
