# SPDX-License-Identifier: MIT
"""A server on a unix socket and its client, a child, which count and check each other."""
import os
import socket
import time

listener = socket.socket(socket.AF_UNIX)
listener.bind(os.path.abspath("server"))
listener.listen(5)
if os.fork() == 0:
    listener.close()
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.abspath("server"))
    n = 0
    while True:
        client.sendall(b"%d\n" % n)
        answer = client.recv(100)
        assert answer == b"got %d\n" % n, answer
        n += 1
        time.sleep(0.01)
connection, _ = listener.accept()
lines = connection.makefile("rb")
n = 0
while n < 300:
    line = lines.readline()
    assert line == b"%d\n" % n, line
    connection.sendall(b"got %d\n" % n)
    n += 1
    if n == 20 or n == 300:
        print(n, flush=True)
print(listener.getsockname() == connection.getsockname(), flush=True)
os.kill(0, 9)
