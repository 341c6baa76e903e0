#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads an image by its specification alone, spec/image-format.md, with nothing of this project.
read_image.py IMAGE                 lists processes and their memory areas
read_image.py IMAGE PID ADDR LEN    writes that memory to standard output
"""
import json
import re
import struct
import subprocess
import sys
import tarfile

ENTRY = 64 << 20  # bytes of pages in an entry of page data, but for the last one

def span(text):
    return tuple(int(address, 16) for address in text.split("-"))


def text(escaped):
    """Bytes that are no printable UTF-8 stand as \\xNN."""
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), escaped.encode())
    return ascii(raw.decode(errors="backslashreplace"))[1:-1]


class Image:
    def __init__(self, path):
        self.tar = tarfile.open(path)
        self.entries = {m.name.removeprefix("./"): m for m in self.tar.getmembers() if not m.isdir()}

    def bytes(self, name):
        return self.tar.extractfile(self.entries[name]).read()

    def json(self, name):
        return json.loads(self.bytes(name))

    def pages(self, folder, saved, want, size):
        """`size` bytes at `want`, in one of the saved ranges of the object whose folder it is."""
        position, names = 0, []
        for start, end in saved:  # entries are named by the address of their first page
            while (at := start + len(names) * ENTRY - position) < end:
                names.append(f"{folder}/pages/{at:x}")
            if start <= want < end:
                offset = position + want - start
            position += end - start
        entry = self.bytes(names[offset // ENTRY])
        return frames(entry, offset % ENTRY, min(size, ENTRY - offset % ENTRY))

    def object(self, shm, offset, size):
        """Contents of a shm object, at most to the end of what is alike."""
        saved = [span(s) for s in self.json(f"shm/{shm}.json").get("saved", [])]
        for start, end in saved:
            if start <= offset < end:
                return self.pages(f"shm/{shm}", saved, offset, min(size, end - offset))
        return bytes(min([size] + [start - offset for start, _ in saved if start > offset]))

    def memory(self, pid, address, size):
        vmas = self.json(f"processes/{pid}/memory.json")["vmas"]
        saved = [span(s) for vma in vmas for s in vma.get("saved", [])]
        data = b""
        while len(data) < size:
            at, left = address + len(data), size - len(data)
            vma = next(v for v in vmas if span(v["range"])[0] <= at < span(v["range"])[1])
            start, end = span(vma["range"])
            inside = [e for s, e in saved if s <= at < e]
            left = min([left, end - at] + [e - at for e in inside] + [s - at for s, _ in saved if s > at])
            if inside:
                data += self.pages(f"processes/{pid}", saved, at, left)
            elif vma["kind"] == "shm":
                data += self.object(vma["contents"], at - start + int(vma.get("offset", "0x0"), 16), left)
            elif vma["kind"] == "anonymous" or any(s <= at < e for s, e in map(span, vma.get("zero", []))):
                data += bytes(min(left, 4096 - at % 4096))
            else:
                sys.exit(f"{at:#x} is not in the image")
        return data


def frames(entry, offset, size):
    """Decodes only the frames that are needed: the seek table at the end says where they are."""
    count, _flags, _magic = struct.unpack("<IBI", entry[-9:])
    frame, pages, need, skip = 0, 0, b"", None
    for row in struct.iter_unpack("<III", entry[-9 - 12 * count : -9]):
        if pages + row[1] > offset and pages < offset + size:
            skip = offset - pages if skip is None else skip
            need += entry[frame : frame + row[0]]
        frame, pages = frame + row[0], pages + row[1]
    data = subprocess.run(["zstd", "-dc"], input=need, stdout=subprocess.PIPE, check=True).stdout
    return data[skip : skip + size]

image = Image(sys.argv[1])
if len(sys.argv) > 2:
    sys.stdout.buffer.write(image.memory(int(sys.argv[2]), int(sys.argv[3], 0), int(sys.argv[4], 0)))
else:
    for pid in image.json("pimage.json")["pids"]:
        print(pid, *map(text, image.json(f"processes/{pid}/process.json")["command_line"]))
        memory = image.json(f"processes/{pid}/memory.json")
        paths = {f["id"]: f["file"]["path"] for f in memory["mapped_files"]}
        for vma in memory["vmas"]:
            name = text(vma.get("name") or paths.get(vma.get("file"), ""))
            print(" ", vma["range"], vma["kind"], *vma["prot"], name)
