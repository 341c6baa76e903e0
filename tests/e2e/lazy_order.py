# SPDX-License-Identifier: MIT
"""Whether pages come in the order that was wished for.

lazy_order.py choose IMAGE FILE: writes, as prestore --record does, a wish for some of the pages of the first process, from behind.
lazy_order.py watch FILE PID: looks into the page tables of a process: these come in that order, and before all others around.
"""
import json
import struct
import sys
import tarfile
import time

FRAME = 256 << 10


def choose(image, to):
    tar = tarfile.open(image)
    root = json.load(tar.extractfile("pimage.json"))["root"]
    memory = json.load(tar.extractfile(f"processes/{root}/memory.json"))
    saved = [[int(end, 16) for end in pages.split("-")] for vma in memory["vmas"] if vma["kind"] == "anonymous"
             for pages in vma.get("saved", [])]
    start, end = max(saved, key=lambda pages: pages[1] - pages[0])
    assert end - start >= 16 * FRAME, "too little in one piece"
    middle = start + (end - start) // 2 // 4096 * 4096
    wishes = [(end - 2 * FRAME, end - FRAME), (middle, middle + FRAME), (start + FRAME, start + 2 * FRAME)]
    with open(to, "w") as out:
        json.dump({"processes": [{"pid": root, "ranges": [f"{a:#x}-{b:#x}" for a, b in wishes]}]}, out)


def present(pagemap, start, end):
    pagemap.seek(start // 4096 * 8)
    return [word >> 62 != 0 for word, in struct.iter_unpack("Q", pagemap.read((end - start) // 4096 * 8))]


def watch(wanted, pid):
    ranges = json.load(open(wanted))["processes"][0]["ranges"]
    wishes = [[int(end, 16) for end in pages.split("-")] for pages in ranges]
    low, high = min(wishes)[0], max(wishes)[1]
    until = time.monotonic() + 30
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        while time.monotonic() < until:
            # The last one first: pages that come in between would look as if they had come too early.
            there = [all(present(pagemap, *wish)) for wish in reversed(wishes)][::-1]
            others = sum(present(pagemap, low, high))
            if there != sorted(there, reverse=True):
                sys.exit(f"a later wish came first: {there}")
            # Each wish reaches into two frames at most.
            if not all(there) and others > 6 * FRAME // 4096:
                sys.exit(f"{others} pages are there, and not all that are wished for: {there}")
            if all(there):
                return
            time.sleep(0.01)
    sys.exit("they do not come")


if sys.argv[1] == "choose":
    choose(*sys.argv[2:])
else:
    watch(*sys.argv[2:])
