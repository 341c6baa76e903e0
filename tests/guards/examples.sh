#!/bin/bash
# SPDX-License-Identifier: MIT
# The schemas accept what the programs accept, and refuse the bad examples.
. "$(dirname "$0")/lib.sh"

for python in python3 /usr/bin/python3 none; do
	"$python" -c 'import jsonschema' 2>/dev/null && break
done
[ "$python" != none ] || skip "python3-jsonschema is not installed"
"$python" - <<'END' || complain "schemas and examples do not agree"
import glob, json, os, sys, tarfile
import jsonschema

# What a schema cannot say, and what is the same to it: 42.0 is an integer.
beyond = {"memory-range-backwards.json", "process-pid-a-fraction.json"}
schemas = {}
for path in glob.glob("spec/*.schema.json"):
    schema = json.load(open(path))
    jsonschema.Draft202012Validator.check_schema(schema)
    schemas[os.path.basename(path)[:-12]] = jsonschema.Draft202012Validator(schema)


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def faults(record, text):
    try:
        return [fault.message for fault in schemas[record].iter_errors(json.loads(text, object_pairs_hook=once))]
    except ValueError as why:
        return [str(why)]


wrong = 0
for path in sorted(glob.glob("spec/examples/*/*.json")):
    name = os.path.basename(path)
    found = faults(name[:-5].split("-")[0], open(path, "rb").read())
    if name not in beyond and bool(found) != ("/bad/" in path):
        print(f"{path}: {found[0] if found else 'is accepted'}")
        wrong = 1
kinds = {"files": "file", "pipes": "pipe", "ttys": "tty", "shm": "shm", "unix": "unix_socket", "threads": "thread"}
with tarfile.open("spec/examples/example.tar") as tar:
    for member in tar:
        folder, name = os.path.split(member.name)
        if member.isreg() and name.endswith(".json"):
            for fault in faults(kinds.get(os.path.basename(folder), name[:-5]), tar.extractfile(member).read()):
                print(f"spec/examples/example.tar: {member.name}: {fault}")
                wrong = 1
sys.exit(wrong)
END
done_guard
