"""What a worker on a host has written, kept up to date in the run folder of this machine, byte for byte."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import cast

from engine.errors import RemoteError
from engine.executors.ssh.agent_link import Answer
from engine.executors.ssh.contact import Contact
from engine.protocol.events import MAX_LINE_BYTES
from engine.protocol.run_folder import AttemptFolder, RunFolder

EVENTS, LOG = "events.jsonl", "log.txt"
FOLLOWED = (EVENTS, LOG)
LONGEST = {EVENTS: 4 << 30, LOG: 256 << 20}
"""Bytes of one attempt that are taken: a host that goes mad must not fill this disk."""
WHOLE_CHUNK = MAX_LINE_BYTES
"""Bytes without an end of line that are taken for a broken line, not for one that is being written."""
FRESH_S = 0.02


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a worker has shown."""

    launched: bool
    alive: bool
    beat: str | None
    new_events: bytes = b""


class Mirror:
    """Follows the attempts of runs on one host."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self._looks: dict[tuple[str, int], tuple[float, Look]] = {}

    def look(self, run: RunFolder, attempt: int) -> Look:
        """Ask the host, and append what is new to the files here. Looks in one moment share one question.

        Raises:
            RemoteError: the host cannot be asked.
        """
        key = (run.run, attempt)
        at, known = self._looks.get(key, (0.0, None))
        if known is not None and time.monotonic() - at < FRESH_S:
            return known
        folder = run.attempt(attempt)
        offsets = {name: _size(folder, name) for name in FOLLOWED}
        wanted = {name: offset for name, offset in offsets.items() if offset < LONGEST[name]}
        answer = self._contact.ask("poll", folder=attempt_folder(run, attempt), reads=wanted)
        look = self._take(folder, wanted, answer)
        self._looks[key] = (time.monotonic(), look)
        return look

    def forget(self, run: RunFolder, attempt: int) -> None:
        """Let the next look ask anew."""
        self._looks.pop((run.run, attempt), None)

    def _take(self, folder: AttemptFolder, wanted: dict[str, int], answer: Answer) -> Look:
        data, place, new = answer.data, 0, b""
        parts = data.get("parts")
        for part in cast("list[object]", parts) if isinstance(parts, list) else []:
            name, offset, length = _part(part)
            chunk = answer.payload[place : place + length]
            place += length
            if wanted.get(name) != offset or len(chunk) != length:
                raise RemoteError(
                    "host_answer_invalid",
                    f"{self._contact.host.name} answers in a form that Lensmith does not know.",
                    "Update Lensmith on this machine, or look at who else changes its folder on the host.",
                )
            if name == EVENTS:
                # Half a line waits for its rest: a writer that finds its disk full takes it back.
                chunk = chunk[: chunk.rfind(b"\n") + 1] or (chunk if length >= WHOLE_CHUNK else b"")
                new = chunk
            if chunk:
                with (folder.path / name).open("ab") as file:
                    file.write(chunk)
        beat = data.get("beat")
        return Look(
            launched=data.get("launched") is True,
            alive=data.get("alive") is True,
            beat=beat if isinstance(beat, str) else None,
            new_events=new,
        )


def run_folder_on_host(run: RunFolder) -> str:
    """Where a run lies, below Lensmith's folder on the host."""
    return f"runs/{run.run}"


def attempt_folder(run: RunFolder, attempt: int) -> str:
    return f"{run_folder_on_host(run)}/attempts/{attempt:04d}"


def _size(folder: AttemptFolder, name: str) -> int:
    try:
        return (folder.path / name).stat().st_size
    except OSError:
        return 0


def _part(part: object) -> tuple[str, int, int]:
    match cast("list[object]", part) if isinstance(part, list) else []:
        case [str(name), int(offset), int(length)] if name in FOLLOWED and length >= 0:
            return name, offset, length
        case _:
            return "", -1, 0
