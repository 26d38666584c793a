"""Orders to a running worker: small numbered files in RUN/commands, read at step boundaries."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from engine.protocol.job import Frozen

CommandKind = Literal["pause", "hold", "resume", "stop", "cancel", "checkpoint", "validate_now", "give_up"]
"""`give_up` is for the runner: do not wait any longer for a machine that is out of sight."""


class Command(Frozen):
    """One order. `attempt` names the attempt it is meant for: a later attempt ignores it."""

    number: int
    kind: CommandKind
    attempt: int
    arguments: dict[str, object] = Field(default_factory=dict)


def write_command(folder: Path, kind: CommandKind, attempt: int) -> int:
    """Write an order under the next free number and give that number.

    The content is complete before the numbered name appears, and no writer can overwrite another's number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()), default=0)
    while True:
        content = Command(number=number, kind=kind, attempt=attempt).model_dump_json().encode()
        try:
            _publish(content, folder / f"{number:06d}.json")
            return number
        except FileExistsError:
            number += 1


def _publish(content: bytes, target: Path) -> None:
    """Write the file whole under a name of this thread alone, then give it its own, failing where that exists."""
    draft = target.with_name(f".draft-{os.getpid()}-{threading.get_ident()}")
    draft.write_bytes(content)
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: O_EXCL alone; readers retry a half-written file.
        with target.open("xb") as file:
            file.write(content)
    finally:
        draft.unlink(missing_ok=True)


def read_commands(folder: Path, after: int) -> list[Command]:
    """Read the orders with a number above `after`, in order; stops at one that is not complete yet.

    A complete one that this version does not know (a later version's order) is passed over.
    """
    numbers = sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit())
    commands: list[Command] = []
    for number in (n for n in numbers if n > after):
        try:
            raw: object = json.loads((folder / f"{number:06d}.json").read_bytes())
        except (ValueError, OSError):
            break
        with contextlib.suppress(ValidationError):
            commands.append(Command.model_validate(raw))
    return commands
