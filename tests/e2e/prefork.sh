#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that forked its workers before (they share the listening socket and its memory), and clients of the same job, with
# connections that stay and ones for a single question. With more clients than workers some connections wait to be accepted: nobody
# can look at data in those, so there the server speaks first. With fewer, pdump tries again until a worker has accepted them.
# time-out: 180
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

cat >job.py <<'END'
import hashlib, os, socket, sys

WORKERS, ROUNDS = 4, 80
GREETING, CLIENTS = (b"welcome\n", 7) if sys.argv[2] == "greeting" else (b"", 4)
loaded = bytes(range(256)) * (1 << 14)  # 4 MiB that parent and workers share until somebody writes

def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(GREETING)
            stream.flush()
            for line in stream:
                if line == b"end\n":
                    os._exit(0)
                at = int(line) * 4099 % (len(loaded) - 70000)
                stream.write(b"%s %s\n" % (line.strip(), hashlib.sha256(loaded[at:at + 70000]).hexdigest().encode()))
                stream.flush()

def ask(name, number):
    for round in range(ROUNDS):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(name)
        with stream, stream.makefile("rwb") as lines:
            if lines.read(len(GREETING)) != GREETING:
                print(f"client {number}: no greeting", flush=True)
                os._exit(1)
            for question in range(1 if round % 2 else 20):
                question += number * 100000 + round * 100
                lines.write(b"%d\n" % question)
                lines.flush()
                answer, at = lines.readline(), question * 4099 % (len(loaded) - 70000)
                want = b"%d %s\n" % (question, hashlib.sha256(loaded[at:at + 70000]).hexdigest().encode())
                if answer != want:
                    print(f"client {number}: asked {question}, got {answer}", flush=True)
                    os._exit(1)
    os._exit(0)

def forked(what, *args):
    pid = os.fork()
    if pid == 0:
        try:
            what(*args)
        except BaseException as error:
            print(what, args, repr(error), flush=True)
        os._exit(1)
    return pid

name = sys.argv[1] if sys.argv[1] == "socket" else "\0pimage" + sys.argv[1]
if os.path.exists(name):
    os.unlink(name)
listener = socket.socket(socket.AF_UNIX)
listener.bind(name)
listener.listen(16)
for _ in range(WORKERS):
    forked(serve, listener)
for number in range(CLIENTS):
    forked(ask, name, number)
ended = [os.wait()[1] for _ in range(CLIENTS)]
for _ in range(WORKERS):
    last = socket.socket(socket.AF_UNIX)
    last.connect(name)
    last.send(b"end\n")
    ended.append(os.wait()[1])
print("ended with", ended)
END
restore_ways=(--pids=auto --pids=new)
check() { rm -f socket; }
for words in "socket greeting" "$PIMAGE_TEST no"; do # in the directory, and abstract
	read -ra words <<<"$words"
	undisturbed "$python3" job.py "${words[@]}"
	check
	come_back "$python3" job.py "${words[@]}"
done
