# SPDX-License-Identifier: MIT
"""Damages an image in every way and sees that prestore refuses each by name and starts nothing.

damage.py IMAGE: prints what was accepted and should not have been; exits 1 then.
"""
import copy
import glob
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tarfile

ERR_IMAGE = 4
MARK = b"PIMAGE_TEST=" + os.environ["PIMAGE_TEST"].encode()


class Damage:
    def __init__(self, path):
        self.image = open(path, "rb").read()
        with tarfile.open(path) as tar:
            self.members = tar.getmembers()
        self.tail = next(m.offset for m in self.members if m.name.startswith("blobs/"))
        self.tries = 0
        self.wrong = []
        self.before = self.processes()

    def processes(self):
        found = set()
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                if MARK in open(path, "rb").read().split(b"\0"):
                    found.add(path.split("/")[2])
            except OSError:
                pass
        return found

    def refused(self, label, data, say=None):
        """The image must be refused with the right status and a message that names `say`."""
        self.tries += 1
        open("bad.tar", "wb").write(data)
        for left in glob.glob("bad.pid"):
            os.unlink(left)
        try:
            with open("bad.out", "wb") as out:
                status = subprocess.run(["prestore", "--quiet", "--detach", "--pidfile=bad.pid", "bad.tar"],
                                        stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=20).returncode
        except subprocess.TimeoutExpired:
            status = "time-out"
        text = open("bad.out", errors="replace").read().strip()
        if os.path.exists("bad.pid"):
            os.kill(int(open("bad.pid").read()), signal.SIGKILL)
        if status != ERR_IMAGE or (say and say not in text):
            wanted = f" and '{say}'" if say else ""
            self.wrong.append(f"{label}: expected status {ERR_IMAGE}{wanted}, found {status}: {text[:300]}")

    def nothing_started(self, what):
        left = self.processes() - self.before
        if left:
            self.wrong.append(f"{what}: processes are left: {', '.join(sorted(left))}")
            for pid in left:
                os.kill(int(pid), signal.SIGKILL)

    def truncations(self):
        ends = {0, 1, 511, 512, 513, 1024}
        for member in self.members:
            ends |= {member.offset, member.offset_data, member.offset_data + member.size // 2}
        index = next(m for m in self.members if m.name == "index.json")
        ends = [end for end in sorted(ends) if end < index.offset_data + index.size]
        for end in sorted(random.sample(ends, min(70, len(ends)))):
            self.refused(f"truncated to {end} of {len(self.image)}", self.image[:end])
        self.nothing_started("truncations")

    def flip(self, label, at, say=None):
        data = bytearray(self.image)
        data[at] ^= 1 << random.randrange(8)
        self.refused(f"{label}, a bit of byte {at} flipped", bytes(data), say)

    def places(self, member):
        """Where a flipped bit counts: an entry at another place or of another time is one that was packed again."""
        if member.name != "index.json":
            return range(member.size)
        text = self.image[member.offset_data:member.offset_data + member.size]
        spared = {at for number in re.finditer(rb'"(offset|mtime)": *([^,}]*)', text) for at in range(*number.span(2))}
        return [at for at in range(member.size) if at not in spared]

    def flips(self):
        for member in self.members:
            if not member.isreg() or member.offset >= self.tail and member.name != "index.json":
                continue
            # Not in the checksum: of its leading zero a flipped bit makes a blank, and the number is the same.
            at = random.choice([*range(148), *range(156, 257)])
            self.flip(f"header of {member.name}", member.offset + at)
            places = self.places(member)
            for _ in range(2 if member.size > 4096 else 1):
                self.flip(member.name, member.offset_data + random.choice(places), member.name)
        self.nothing_started("flipped bits")

    def repack(self, change):
        """As another tar would: other times, other offsets, so that only contents can be judged."""
        with tarfile.open(fileobj=io.BytesIO(self.image)) as tar:
            entries = [(copy.copy(m), tar.extractfile(m).read() if m.isreg() else None)
                       for m in tar.getmembers() if not m.name.startswith("blobs/")]
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for member, data in change(entries):
                member.mtime = 1700000000
                member.size = len(data) if data is not None else 0
                tar.addfile(member, io.BytesIO(data) if data is not None else None)
        return out.getvalue()

    def name_of(self, suffix):
        return next(m.name for m in self.members if m.name.endswith(suffix) and m.offset < self.tail)

    def edited(self, suffix, label, edit, say=None):
        """One JSON entry changed as text or as a document."""
        name = self.name_of(suffix)

        def change(entries):
            for member, data in entries:
                if member.name == name:
                    result = edit(data)
                    if result is None:
                        document = json.loads(data)
                        edit(document)
                        result = json.dumps(document, indent=1).encode()
                    data = result
                yield member, data
        self.refused(f"{name}: {label}", self.repack(change), say or name)

    def documents(self):
        def on(edit):
            return lambda data: edit(data) if not isinstance(data, bytes) else None
        for suffix in ("pimage.json", "process.json", "memory.json", "files.json", "signals.json",
                       "timers.json"):
            self.edited(suffix, "not JSON", lambda data: data[:len(data) // 2])
            self.edited(suffix, "empty", lambda data: b"")
            self.edited(suffix, "an array", lambda data: b"[]")
            self.edited(suffix, "nested too deeply", lambda data: b"[" * 100000)
            self.edited(suffix, "unknown key", on(lambda d: d.update(surprise=1)))
            self.edited(suffix, "missing key", on(lambda d: d.pop(sorted(d)[-1])))
            self.edited(suffix, "trailing text", lambda data: data + b"{}")
        self.edited("pimage.json", "unknown feature",
                    on(lambda d: d["required_features"].append("time-travel")), "time-travel")
        self.edited("pimage.json", "newer version",
                    on(lambda d: d.update({k: 999 for k in d if "version" in k and isinstance(d[k], int)})))
        self.edited("process.json", "wrong type", on(lambda d: d.update(umask="022")))
        self.edited("process.json", "out of range", on(lambda d: d.update(umask=1 << 40)))
        self.edited("process.json", "negative", on(lambda d: d.update(umask=-1)))
        self.edited("process.json", "unknown thread", on(lambda d: d["threads"].append(999999)), "999999")
        self.edited("memory.json", "overlapping", on(lambda d: d["vmas"].insert(1, d["vmas"][0])))
        self.edited("memory.json", "kernel address",
                    on(lambda d: d["vmas"][0].update(range="0xffff800000000000-0xffff800000001000")))
        self.edited("memory.json", "misaligned",
                    on(lambda d: d["vmas"][0].update(range="0x10001-0x11001")))
        self.edited("memory.json", "empty range", on(lambda d: d["vmas"][0].update(range="0x10000-0x10000")))
        self.edited("memory.json", "huge",
                    on(lambda d: d["vmas"][0].update(range="0x10000-0x7fff00000000")))
        self.edited("memory.json", "saved pages outside of their mapping",
                    on(lambda d: d["vmas"][0].update(saved=["0x10000-0x11000"])))
        self.edited("memory.json", "nonsense", on(lambda d: d["vmas"][0].update(range="0x10000")))
        self.nothing_started("edited documents")

    def entries(self):
        def without(name):
            return lambda entries: [e for e in entries if e[0].name != name]

        def renamed(name, new):
            def change(entries):
                for member, data in entries:
                    if member.name == name:
                        member.name = new
                    yield member, data
            return change

        def added(name, **more):
            def change(entries):
                member = tarfile.TarInfo(name)
                for key, value in more.items():
                    setattr(member, key, value)
                return entries + [(member, None if more else b"hello")]
            return change

        for suffix in ("pimage.json", "process.json", "memory.json", "files.json", "signals.json"):
            self.refused(f"without {suffix}", self.repack(without(self.name_of(suffix))),
                         "lacks" if suffix == "pimage.json" else suffix)
        pages = next(m.name for m in self.members if "/pages/" in m.name)
        self.refused("without pages", self.repack(without(pages)), pages)
        self.refused("without a thread", self.repack(without(self.name_of(".xstate"))), "xstate")
        process = self.name_of("process.json")
        for name in ("../evil", "/tmp/evil", "processes/../../evil"):
            self.refused(f"entry {name}", self.repack(renamed(process, name)))
        self.refused("an entry twice", self.repack(added(process)), process)
        self.refused("a device", self.repack(added("processes/x", type=tarfile.BLKTYPE)))
        self.refused("a symbolic link", self.repack(
            lambda e: [x for x in e if x[0].name != process] +
            added(process, type=tarfile.SYMTYPE, linkname="/etc/passwd")([])), process)
        self.refused("a link to itself", self.repack(
            lambda e: [x for x in e if x[0].name != process] +
            added(process, type=tarfile.LNKTYPE, linkname=process)([])), process)
        self.refused("another file", open("/bin/sh", "rb").read(20000))
        self.refused("an empty tar", bytes(10240))
        self.nothing_started("changed entries")


def main():
    seed = int(os.environ.get("PIMAGE_SEED", random.randrange(1 << 30)))
    print(f"PIMAGE_SEED={seed}")
    random.seed(seed)
    damage = Damage(sys.argv[1])
    damage.truncations()
    damage.flips()
    damage.documents()
    damage.entries()
    print(f"{damage.tries} damaged images")
    print("\n".join(damage.wrong))
    if damage.wrong:
        print(f"failed: {len(damage.wrong)} of {damage.tries} were not refused as they should: {damage.wrong[0]}")
        sys.exit(1)


main()
