"""docs/cli.md from the parser itself: `python3 dev.py docs` writes it, a test compares."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from engine.verbs.examples import EXAMPLES

PATH = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
_PROCESS = "(process) "
_HEAD = """# The command line

<!-- Written by `python3 dev.py docs` from the parser: change that, not this file. -->

Everything that Lensmith does can be done by commands; in a checkout `lensmith` is `.venv/bin/python -m engine`.

- `--json` with any verb: one JSON document on stdout, all else on stderr.
- Exit codes: 0 ok; 2 something that you can mend, with `{"error": {"code", "message", "hint"}}`; 1 a bug of ours.
- Your data lies in one folder: `LENSMITH_HOME`, or the system's place for application data.
- A run is meant by its id, a unique beginning of it, or its name.
- Ctrl+C in a verb that follows a run: once stops it and keeps the model, twice does not wait for that. To leave a
  run running, start it with `--detach`.
"""


def reference(parser: argparse.ArgumentParser) -> str:
    """Write the reference of all verbs as Markdown."""
    parts = [_HEAD]
    processes: list[str] = []
    for name, explanation, verb in verbs_of(parser):
        if explanation.startswith(_PROCESS):
            processes.append(f"- `{name}`: {explanation.removeprefix(_PROCESS)}")
            continue
        parts.append(_section(name, explanation, verb))
    parts.append("## Processes\n\nVerbs that Lensmith starts itself:\n\n" + "\n".join(processes) + "\n")
    return "\n".join(parts)


def verbs_of(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = (), explanation: str = ""
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Yield every verb with its one-line explanation, depth first, in the parser's order."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield " ".join(path), explanation, parser
        return
    told = {choice.dest: choice.help or "" for choice in groups[0]._choices_actions}
    for name, below in groups[0].choices.items():
        yield from verbs_of(below, (*path, name), told.get(name, ""))


def _section(name: str, explanation: str, parser: argparse.ArgumentParser) -> str:
    lines = [f"## {name}", "", f"{explanation[:1].upper()}{explanation[1:]}.", ""]
    rows = [_row(action) for action in parser._actions if action.dest not in ("help", "json")]
    if rows:
        lines += ["| argument | meaning | default |", "| --- | --- | --- |", *rows, ""]
    lines += ["```", EXAMPLES[name], "```", ""]
    return "\n".join(lines)


def _row(action: argparse.Action) -> str:
    name = ", ".join(action.option_strings) or (
        action.metavar if isinstance(action.metavar, str) else action.dest
    )
    if action.option_strings and action.nargs != 0:
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        name += f" {metavar}"
    choices = f" One of: {', '.join(map(str, action.choices))}." if action.choices else ""
    default = action.default if action.default not in (None, [], "", False, argparse.SUPPRESS) else ""
    meaning = (action.help or "").replace("|", "\\|")
    needed = " Required." if action.required and action.option_strings else ""
    shown = name.replace("|", "\\|")
    return f"| `{shown}` | {meaning}{choices}{needed} | {default} |"


def write(parser: argparse.ArgumentParser) -> None:
    """Write docs/cli.md."""
    PATH.write_text(reference(parser), encoding="utf-8")
