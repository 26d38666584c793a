"""A stand-in for the engine's Python that plays `lensmith hosts` as a test has written it down.

It keeps the facts that it answers with in the user's folder, as the engine does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from desktop.bridge.settings import Settings
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, GpuFacts, HostBook, HostCheck, HostFacts, HostRecord

FINGERPRINT = "SHA256:uNiVztksCsDhcc0u9e8BrPPu+AX5Kj/4kRtO2AmV0Kk"
_PROGRAM = """#!{python}
import json, pathlib, signal, sys, time
folder = pathlib.Path({folder!r})
arguments = sys.argv[sys.argv.index("hosts"):]
verb = arguments[1]
with (folder / "heard.jsonl").open("a") as heard:
    heard.write(json.dumps({{"argv": sys.argv[1:], "arguments": arguments, "input": sys.stdin.read()}}) + "\\n")
script = json.loads((folder / "script.json").read_text())
turn = script[verb][0]
if len(script[verb]) > 1:
    del script[verb][0]
    (folder / "script.json").write_text(json.dumps(script))
for line in turn["errors"]:
    sys.stderr.write(line + "\\n")
sys.stderr.flush()
if turn["waits"]:
    def leave_off(*_):
        (folder / "told").touch()
        sys.exit(143)
    signal.signal(signal.SIGTERM, leave_off)
    (folder / "waiting").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
if "facts" in turn["document"] and verb != "status":
    path = pathlib.Path({home!r}) / "hosts" / (arguments[2] + ".facts.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(turn["document"]["facts"]))
print(json.dumps(turn["document"]))
sys.exit(turn["code"])
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of a verb; the last one of a verb is given again and again.

    Attributes:
        document: on stdout.
        code: exit code.
        errors: lines on stderr, before anything else.
        waits: until it is let go, or told to end.
    """

    document: Mapping[str, object] = field(default_factory=dict[str, object])
    code: int = 0
    errors: Sequence[str] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One call: what followed `hosts VERB NAME`, and what came in by standard input."""

    verb: str
    name: str
    arguments: list[str]
    input: str
    argv: list[str]


class StandIn:
    """The engine of a home, until the test ends."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "python"
        written = _PROGRAM.format(python=sys.executable, folder=str(folder), home=str(home.path))
        program.write_text(written, encoding="utf-8")
        program.chmod(0o700)
        Settings(home).set("engine.interpreter", str(program))
        self.plays({})

    def plays(self, script: Mapping[str, Sequence[Turn]]) -> None:
        """Say what each verb answers, turn by turn."""
        (self.folder / "go").unlink(missing_ok=True)
        written = {
            verb: [
                {
                    "document": turn.document,
                    "code": turn.code,
                    "errors": list(turn.errors),
                    "waits": turn.waits,
                }
                for turn in turns
            ]
            for verb, turns in script.items()
        }
        (self.folder / "script.json").write_text(json.dumps(written), encoding="utf-8")

    def let_go(self) -> None:
        """Let the call that waits give its answer."""
        (self.folder / "go").touch()

    @property
    def is_waiting(self) -> bool:
        return (self.folder / "waiting").exists()

    @property
    def was_told_to_end(self) -> bool:
        """Whether the call that waited had the time to leave off in order."""
        return (self.folder / "told").exists()

    def heard(self) -> list[Heard]:
        """All calls so far, oldest first."""
        path = self.folder / "heard.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        told = [json.loads(line) for line in lines]
        return [
            Heard(one["arguments"][1], one["arguments"][2], one["arguments"][3:], one["input"], one["argv"])
            for one in told
        ]


def refusal(code: str, message: str = "It did not work.", hint: str = "", **details: str) -> Turn:
    """A turn that ends with an error."""
    error: dict[str, object] = {"code": code, "message": message, "hint": hint}
    return Turn({"error": error | ({"details": details} if details else {})}, 2)


def progress_line(done: int, total: int, phase: str) -> str:
    return json.dumps({"progress": {"done": done, "total": total, "phase": phase}})


def box(**changes: object) -> HostRecord:
    return HostRecord.model_validate({"name": "box", "host": "box.local", "user": "ada", **changes})


def box_facts(**changes: object) -> HostFacts:
    """A machine with a GPU that is ready, found a while ago."""
    facts = HostFacts(
        checked=1_000.0,
        checks=(
            HostCheck(name="key", state="ok", message="Its key is the one that was accepted."),
            HostCheck(
                name="clock",
                state="warning",
                message="Its clock is late.",
                hint="Set it.",
                code="host_clock_off",
            ),
        ),
        system="Debian GNU/Linux 12, x86_64",
        python="3.11.7",
        cpus=8,
        memory_bytes=64 << 30,
        disk_free_bytes=500_000_000_000,
        gpus=(GpuFacts(index=0, name="RTX 4090", memory_bytes=24 << 30, free_bytes=18 << 30),),
        environment=EnvironmentFacts(state="ready", engine="1", torch="2.14.1", torch_build="cu126"),
    )
    return facts.model_copy(update=changes)


def looked_at(facts: HostFacts) -> Turn:
    """A turn of `hosts test`."""
    document = {"host": box().model_dump(), "ok": True, "facts": facts.model_dump(mode="json")}
    return Turn(document)


def added(record: HostRecord, facts: HostFacts | None = None) -> Turn:
    """A turn of `hosts add` or `hosts edit`."""
    return Turn({"host": record.model_dump(), "facts": (facts or box_facts()).model_dump(mode="json")})


def unlocked(kept: str) -> Turn:
    """A turn of `hosts unlock`."""
    return Turn({"host": box().model_dump(), "kept": kept})


def cleaned(removed_bytes: int, *kept: str) -> Turn:
    """A turn of `hosts clean` or `hosts remove`."""
    return Turn({"host": box().model_dump(), "removed_bytes": removed_bytes, "kept": list(kept)})


def put_box(home: Home, facts: HostFacts | None = None) -> HostBook:
    """Have a machine on the list already."""
    book = HostBook(home)
    book.put(box())
    if facts is not None:
        book.keep_facts("box", facts)
    return book
