# SPDX-License-Identifier: MIT
"""CRIU as a peer. Where it may not raise limits (no CAP_SYS_RESOURCE) it can save processes of root only, so it gets a target of its own, which is root's."""
import ctypes
import os
import pathlib
import shutil
import signal
import time

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000


def keep_its_cache():
    """CRIU keeps what it finds out about the kernel under /run if that is in memory; without, each call takes five times as long."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) == 0:
        libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None)


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def frozen_ms(path):
    """From stats-dump: two words, a length, and a message in protobuf: its field 1 is the dump's, whose field 2 is the time in microseconds."""
    data, at = path.read_bytes(), 12
    _, at = varint(data, at + 1)
    while at < len(data):
        field, at = varint(data, at)
        value, at = varint(data, at)
        if field == 2 << 3:
            return value / 1e3
    return None


def descendants(pid):
    """The process, and all that is born of it."""
    pids = [pid]
    for one in pids:
        for children in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            pids += map(int, children.read_text().split())
    return pids


def end(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < deadline:
        time.sleep(.002)


class Criu:
    def __init__(self, bench, program, words):
        self.bench, self.program = bench, program
        self.images = bench.folder / "criu"
        self.process = bench.start(words, who={})
        self.pid = self.process.pid

    def call(self, *argv):
        return self.bench.time(self.program, *argv, "-D", "criu", "--shell-job", "-v1", who={})[0]

    def dump(self):
        shutil.rmtree(self.images, ignore_errors=True)
        self.images.mkdir()
        times = self.call("dump", "-t", self.pid, "--leave-running")
        times["pause"] = frozen_ms(self.images / "stats-dump")
        return times

    def pack(self):
        return self.bench.time("sh", "-c", "tar -cf - criu | zstd -q -1 -T0 -f -o criu.tar.zst", who={})[0]

    def unpack(self):
        shutil.rmtree(self.images)
        return self.bench.time("sh", "-c", "zstd -q -dc criu.tar.zst | tar -xf -", who={})[0]

    def restore(self):
        """Under its old number, so that what was saved has to end; what comes of it is the target from now on."""
        self.kill()
        return self.call("restore", "-d")

    def kill(self):
        pids = descendants(self.pid)
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        end(pids)


def works(bench, program):
    """Raises what bench.time does, or ends."""
    peer = Criu(bench, program, ["sleep"])
    try:
        peer.dump()
        peer.restore()
    finally:
        peer.kill()
