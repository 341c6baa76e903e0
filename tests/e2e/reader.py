#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads an image by spec/image-format.md alone: the proof that the specification suffices.

usage: reader.py IMAGE                      lists processes and their VMAs
       reader.py IMAGE PID ADDRESS LENGTH   writes memory to standard output
"""
import functools
import hashlib
import json
import struct
import subprocess
import sys
import tarfile

PIECE = 64 << 20  # 3.1
KNOWN = {"inherited_pages"}  # 7


def number(value):
    return int(value, 16) if isinstance(value, str) else value


def span(text):
    return tuple(int(word, 16) for word in text.split("-"))


def string(text):  # 2.3
    parts = text.encode().split(b"\\")
    return parts[0] + b"".join(bytes([int(p[1:3], 16)]) + p[3:] for p in parts[1:])


@functools.lru_cache(4)
def unzstd(frame):
    return subprocess.run(["zstd", "-dcq"], input=frame, stdout=subprocess.PIPE, check=True).stdout


class Image:
    def __init__(self, path):
        self.tar = tarfile.open(path)
        self.members = {m.name.removeprefix("./"): m for m in self.tar if not m.isdir()}
        index = self.json("index.json")  # 1.3: without it the image is incomplete
        for entry in index["entries"]:
            member = self.members[entry["name"]]
            place = (member.offset_data, member.size, member.mtime)
            same = self.digest(entry["name"]) == entry["sha256"]
            if not same and place == (entry["offset"], entry["size"], entry["mtime"]):  # 1.5
                sys.exit(f"{entry['name']} is damaged")
        self.head = self.json("pimage.json")
        known = set(self.head["required_features"]) <= KNOWN
        if (self.head["format"], self.head["version"]) != ("pimage", 1) or not known:
            sys.exit("an image of another kind or version")

    @functools.lru_cache(4)
    def data(self, name):
        return self.tar.extractfile(self.members[name]).read()

    def digest(self, name):
        return hashlib.sha256(self.data(name)).hexdigest()

    def json(self, name):
        return json.loads(self.data(name))

    def pages(self, folder, saved, at):
        """The frame's pages from position `at` of the run of saved bytes on: 3.1 and 3.2."""
        first, before = at // PIECE * PIECE, 0
        for start, end in saved:  # the address of the piece's first page
            if before + end - start > first:
                break
            before += end - start
        entry = self.data(f"{folder}/pages/{start + first - before:x}")
        frames = struct.unpack("<I", entry[-9:-5])[0]
        table, frame, page = len(entry) - 9 - 12 * frames, 0, first
        for i in range(frames):
            size, count, _ = struct.unpack_from("<III", entry, table + 12 * i)
            if at < page + count:
                return unzstd(entry[frame:frame + size])[at - page:]
            frame, page = frame + size, page + count

    def stored(self, folder, saved, at, size):
        """`size` bytes at address or offset `at`, where some range of `saved` holds it; else None."""
        before = 0
        for start, end in saved:
            if start <= at < end:
                return self.pages(folder, saved, before + at - start)[:min(size, end - at)]
            before += end - start

    def read(self, pid, address, size):  # 3.3
        memory = self.json(f"processes/{pid}/memory.json")
        parent = self.json(f"processes/{pid}/process.json").get("parent")
        saved = [span(r) for vma in memory["vmas"] for r in vma.get("saved", [])]
        files = {f["id"]: f["file"] for f in memory["mapped_files"]}
        result, page = b"", self.head["page_size"]
        while len(result) < size:
            at = address + len(result)
            vma = next(v for v in memory["vmas"] if span(v["range"])[0] <= at < span(v["range"])[1])
            part = min(size - len(result), page - at % page)
            offset = number(vma.get("offset", 0)) + at - span(vma["range"])[0]
            piece = self.stored(f"processes/{pid}", saved, at, part)
            if piece is None and any(
                    start <= at < end for start, end in map(span, vma.get("inherited", []))):
                piece = self.read(parent, at, part)
            if piece is None and vma["kind"] == "shm":
                shm = self.json(f"shm/{vma['contents']}.json")
                piece = self.stored(f"shm/{shm['id']}", [span(r) for r in shm.get("saved", [])], offset, part)
            elif piece is None and vma["kind"] == "file" and not any(
                    start <= at < end for start, end in map(span, vma.get("zero", []))):
                with open(string(files[vma["file"]]["path"]), "rb") as file:
                    file.seek(offset)
                    piece = file.read(part).ljust(part, b"\0")
            result += bytes(part) if piece is None else piece
        return result


if len(sys.argv) not in (2, 5):
    sys.exit(__doc__)
image = Image(sys.argv[1])
if len(sys.argv) == 5:
    sys.stdout.buffer.write(image.read(*(int(word, 0) for word in sys.argv[2:])))
    sys.exit()
for pid in image.head["pids"]:
    process = image.json(f"processes/{pid}/process.json")
    print("process", pid, *process["command_line"])
    for vma in image.json(f"processes/{pid}/memory.json")["vmas"]:
        print(vma["range"], vma["kind"], *vma["prot"])
