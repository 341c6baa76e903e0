# SPDX-License-Identifier: MIT
# A process with ends of a pipe, a FIFO and sockets that belong to somebody else: "outsider" starts "insider", which tells what it
# finds whenever it gets SIGUSR1.
import os
import signal
import socket
import sys
import time


def attempt(what):
    try:
        return what()
    except OSError as error:
        return error.strerror


def insider(reader, writer, pair):
    pair = socket.socket(fileno=pair)
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.connect("log")
    abstract = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    abstract.connect("\0" + os.environ["ABSTRACT"])
    fifo = os.open("fifo", os.O_RDONLY)
    go = []
    signal.signal(signal.SIGUSR1, lambda *_: go.append(1))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    log.send(b"begun")
    print("ready", flush=True)
    while not go:
        time.sleep(0.02)
    for text in ([attempt(lambda: os.read(reader, 100)) for _ in range(2)], attempt(lambda: os.write(writer, b"from inside")),
                 [attempt(lambda: pair.recv(100)) for _ in range(2)], attempt(lambda: pair.send(b"pair")),
                 attempt(lambda: log.send(b"restored")), attempt(lambda: abstract.send(b"hello")),
                 attempt(lambda: os.read(fifo, 100))):
        print(text, flush=True)


def outsider():
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("log")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind("\0" + os.environ["ABSTRACT"])
    server.listen()
    (reader, writer), (here, there) = os.pipe(), socket.socketpair()
    out_reader, out_writer = os.pipe()
    fifo = os.open("fifo", os.O_RDWR)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.closerange(out_reader, out_reader + 1)
        for fd in (reader, out_writer, there.fileno()):
            os.set_inheritable(fd, True)
        os.execv(sys.executable, [sys.executable, __file__, str(reader), str(out_writer), str(there.fileno())])
    os.write(writer, b"in flight")
    here.send(b"sent")
    os.write(fifo, b"named")
    with open("pid", "w", encoding="ascii") as file:
        file.write(str(pid))
    kept = server.accept()
    while kept:
        with open("logged", "ab") as file:
            file.write(log.recv(100) + b"\n")


if len(sys.argv) > 1:
    insider(*map(int, sys.argv[1:]))
else:
    outsider()
