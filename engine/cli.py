"""The command line, twin of the window: parses, calls a verb, prints its answer, and turns errors into sentences.

Exit codes: 0 ok, 1 a bug of ours, 2 the user can mend it. With `--json` stdout holds exactly one JSON document.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from rich.console import Console

from engine.errors import UserError
from engine.protocol.home import Home
from engine.verbs.reply import Reply, Session

VERB_MODULES = (
    "engine.verbs.plugins",
    "engine.verbs.data",
    "engine.verbs.train",
    "engine.verbs.rehearse",
    "engine.verbs.profile",
    "engine.verbs.runs",
    "engine.verbs.queue",
    "engine.verbs.evaluate",
    "engine.verbs.compare",
    "engine.verbs.map",
    "engine.verbs.predict",
    "engine.verbs.export",
    "engine.verbs.register",
    "engine.verbs.report",
    "engine.verbs.store",
    "engine.verbs.hosts",
    "engine.verbs.demo",
    "engine.verbs.processes",
)
_OTHER_VERBS = {
    "describe": "engine.verbs.plugins",
    "versions": "engine.verbs.register",
    "run": "engine.verbs.processes",
    "spare": "engine.verbs.processes",
    "work": "engine.verbs.processes",
    "serve": "engine.verbs.processes",
    "describe-plugin": "engine.verbs.processes",
    "measure-plugin": "engine.verbs.processes",
}
"""Verbs whose module has another name than they."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are UserErrors, so that `--json` covers them too."""

    def error(self, message: str) -> NoReturn:
        raise UserError("usage", f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def modules_for(arguments: Sequence[str]) -> tuple[str, ...]:
    """Give the modules that a command line needs: its verb's, or all where that is not known.

    A click on Train waits for two commands to begin, and most verbs import what others have no use for.
    """
    verb = next((given for given in arguments if given != "--json"), "")
    named = _OTHER_VERBS.get(verb, f"engine.verbs.{verb}")
    return (named,) if named in VERB_MODULES else VERB_MODULES


def build_parser(modules: Sequence[str] = VERB_MODULES) -> argparse.ArgumentParser:
    """Compose the parser of verbs; each verb's module adds its own part."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document"
    )
    parser = _Parser(prog="lensmith", description="Train, judge and ship vision models on your own images.")
    parser.add_argument("--json", action="store_true", default=False, help="print one JSON document")
    parsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name in modules:
        importlib.import_module(name).add_parsers(parsers, shared)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and give the exit code."""
    arguments_given = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments_given
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        arguments = build_parser(modules_for(arguments_given)).parse_args(arguments_given)
        session = Session(home=Home.default(), as_json=as_json)
        reply: Reply = arguments.run(session, arguments)
        _show(reply, as_json=as_json)
        return reply.exit_code
    except UserError as error:
        return _complain(error.to_dict(), as_json=as_json, code=2)
    except KeyboardInterrupt:
        return _complain(
            {"code": "interrupted", "message": "Interrupted.", "hint": ""}, as_json=as_json, code=2
        )
    except Exception as error:  # noqa: BLE001  # the outermost edge: a bug must still end in a sentence and code 1
        traceback.print_exc()
        bug: dict[str, object] = {
            "code": "bug",
            "message": f"{type(error).__name__}: {error}",
            "hint": "Please report this.",
        }
        return _complain(bug, as_json=as_json, code=1)


def _show(reply: Reply, *, as_json: bool) -> None:
    if reply.data is None:
        return  # a process that speaks for itself
    if as_json:
        sys.stdout.write(json.dumps(reply.data, ensure_ascii=False, default=str) + "\n")
    elif reply.text != "":
        Console(soft_wrap=True).print(reply.text, markup=False)


def _complain(error: dict[str, object], *, as_json: bool, code: int) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": error}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"{error['message']}\n" + (f"{error['hint']}\n" if error["hint"] else ""))
    return code
