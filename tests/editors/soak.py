"""Hours of use in small: random edits, opens, closes, saves, renames and changes of the configuration.

    FFILINT=ffilint python3 tests/editors/soak.py [EDITS [SEED [FILES]]]

Every 500 edits the findings must become those of a fresh run on the same texts, and the memory of the server must not
grow with what was done. So many files more make the project large: 80 and changes are followed while somebody types.
Nothing but Python's own library is needed.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ.get("FFILINT", "ffilint")
EVERY = 500
HEAD = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n"
BODIES = [
    "void f{n}() {{\n  final p = calloc<Int32>();\n  p.value = {n};\n}}\n",
    "void f{n}() {{\n  final p = calloc<Int32>();\n  calloc.free(p);\n}}\n",
    "void f{n}() {{\n  final p = malloc<Int32>();\n  malloc.free(p);\n  malloc.free(p);\n}}\n",
    "int f{n}() {{\n  final t = table();\n  return t.value;\n}}\n",
]
BINDING = "@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n"
NATIVE = [
    "static int kept[4];\nint *table(void) {\n  return kept;\n}\n",
    "#include <stdlib.h>\nint *table(void) {\n  return calloc(4, 4);\n}\n",
]
CONFIGS = ["", "[rules]\nleaked_allocation = \"error\"\n", "exclude = [\"lib/f1.dart\"]\n", "[rules]\ndouble_free = \"off\"\n"]
TYPED = ["a", " ", "{", "}", "(", ")", ";", "'", '"', "\n", "\r\n", "é", "😀", "// ", "/*", "*/", "p", "free", ""]


def body(chance):
    functions = [chance.choice(BODIES).format(n=n) for n in range(chance.randrange(2, 12))]
    return HEAD + BINDING + "".join(functions)


class Server:
    def __init__(self, folder):
        command = [PROGRAM, "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.last = 0
        can = {"general": {"positionEncodings": ["utf-16"]}, "textDocument": {"diagnostic": {}}}
        folders = [{"uri": folder.as_uri(), "name": "w"}]
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": can, "workspaceFolders": folders})
        self.notify("initialized", {})

    def send(self, message):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self.process.stdin.flush()

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def request(self, method, params):
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self.last and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def read(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the server is gone"
        return json.loads(self.process.stdout.read(length))

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def position(text, offset):
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.rsplit("\n", 1)[-1]
    return {"line": before.count("\n"), "character": len(line.encode("utf-16-le")) // 2}


class Soak:
    def __init__(self, folder, seed, files):
        self.folder, self.chance = folder, random.Random(seed)
        self.disk, self.open, self.version = {}, {}, 0
        self.save("ffilint.toml", "")
        self.save("src/a.c", NATIVE[0])
        for number in range(6):
            self.save(f"lib/f{number}.dart", body(self.chance))
        for number in range(files):
            self.save(f"lib/more{number}.dart", HEAD + "".join(BODIES[1].format(n=n) for n in range(40)))
        self.server = Server(folder)

    def save(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        self.disk[name] = text

    def uri(self, name):
        return (self.folder / name).as_uri()

    def changed(self, *kinds):
        changes = [{"uri": self.uri(name), "type": kind} for name, kind in kinds]
        self.server.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    def step(self):
        deed = self.chance.choices(
            [self.edit, self.anew, self.show, self.close, self.write, self.rename, self.native, self.configure],
            [78, 12, 3, 2, 2, 1, 1, 1],
        )[0]
        deed()

    def sources(self, among):
        return sorted(name for name in among if name.endswith(".dart"))

    def change(self, name, changes):
        self.version += 1
        document = {"uri": self.uri(name), "version": self.version}
        self.server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def edit(self):
        if not self.open:
            return self.show()
        name = self.chance.choice(sorted(self.open))
        text = self.open[name]
        start = self.chance.randrange(len(text) + 1)
        end = min(len(text), start + self.chance.randrange(3))
        if any(text[:at].endswith("\r") and text[at:].startswith("\n") for at in (start, end)):
            return
        typed = self.chance.choice(TYPED)
        place = {"start": position(text, start), "end": position(text, end)}
        self.open[name] = text[:start] + typed + text[end:]
        self.change(name, [{"range": place, "text": typed}])

    def anew(self):
        for name in self.chance.sample(sorted(self.open), min(1, len(self.open))):
            self.open[name] = body(self.chance) if name.endswith(".dart") else self.chance.choice(NATIVE)
            self.change(name, [{"text": self.open[name]}])

    def show(self):
        closed = [name for name in self.disk if name not in self.open and name.endswith((".dart", ".c"))]
        if closed:
            name = self.chance.choice(sorted(closed))
            self.open[name] = self.disk[name]
            self.version += 1
            document = {"uri": self.uri(name), "languageId": "x", "version": self.version, "text": self.open[name]}
            self.server.notify("textDocument/didOpen", {"textDocument": document})

    def close(self):
        if self.open:
            name = self.chance.choice(sorted(self.open))
            del self.open[name]
            self.server.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def write(self):
        if self.open:
            name = self.chance.choice(sorted(self.open))
            self.save(name, self.open[name])
            self.server.notify("textDocument/didSave", {"textDocument": {"uri": self.uri(name)}})

    def rename(self):
        closed = [name for name in self.sources(self.disk) if name not in self.open and "more" not in name]
        if closed:
            old = self.chance.choice(closed)
            new = f"lib/f{self.chance.randrange(12)}.dart"
            if new not in self.disk:
                self.save(new, self.disk.pop(old))
                (self.folder / old).unlink()
                self.changed((old, 3), (new, 1))

    def native(self):
        if "src/a.c" not in self.open:
            self.save("src/a.c", self.chance.choice(NATIVE))
            self.changed(("src/a.c", 2))

    def configure(self):
        self.save("ffilint.toml", self.chance.choice(CONFIGS))
        self.changed(("ffilint.toml", 2))

    def told(self):
        told = set()
        for item in self.server.request("workspace/diagnostic", {"previousResultIds": []})["items"]:
            for found in item["items"]:
                start = found["range"]["start"]
                told.add((item["uri"], start["line"] + 1, start["character"] + 1, found["code"]))
        return told

    def compare(self, fresh):
        shutil.rmtree(fresh, ignore_errors=True)
        for name, text in {**self.disk, **self.open}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        output = subprocess.run([PROGRAM, "-f", "json"], cwd=fresh, capture_output=True, check=False).stdout
        expected = set()
        for found in json.loads(output)["findings"]:
            place = found["location"]
            uri = self.uri(place["path"])
            expected.add((uri, place["start"]["line"], place["start"]["column"], found["rule"]))
        # A lone carriage return ends a line in the protocol and none elsewhere.
        odd = {self.uri(name) for name, text in {**self.disk, **self.open}.items() if "\r" in text.replace("\r\n", "")}
        expected = {one for one in expected if one[0] not in odd}
        # All is looked at again when nobody types.
        for _ in range(60):
            time.sleep(0.3)
            told = {one for one in self.told() if one[0] not in odd}
            if told == expected:
                return len(expected)
        raise AssertionError(f"only the server: {told - expected}; only the fresh run: {expected - told}")


def main():
    edits = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    files = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch).resolve()
        folder = scratch / "project"
        folder.mkdir()
        soak = Soak(folder, seed, files)
        memory, seen = [], 0
        for number in range(1, edits + 1):
            soak.step()
            if number % EVERY == 0:
                try:
                    seen += soak.compare(scratch / "fresh")
                except AssertionError as error:
                    sys.exit(f"failed after {number} edits with seed {seed}: {error}")
                memory.append(soak.server.memory())
        soak.server.request("shutdown", None)
        soak.server.notify("exit", None)
        assert soak.server.process.wait(60) == 0
    half = max(memory[: len(memory) // 2], default=0)
    print(f"{edits} edits, {seen} findings compared, memory {half} KiB in the first half, {max(memory)} KiB at most")
    if len(memory) >= 20 and max(memory) > 1.3 * half:
        sys.exit("the memory grows")
    print("soak: all well")


main()
