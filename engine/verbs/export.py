"""`lensmith export`: write a deployment file from a trained model, verified against PyTorch."""

from __future__ import annotations

import argparse

from engine.config.export import ExportConfig
from engine.config.schema import ConfigSchema
from engine.config.validation import parse_assignments, resolve_config
from engine.errors import UserError
from engine.protocol.events import ExportWritten, parse_event
from engine.protocol.run_folder import RunFolder
from engine.verbs.derived import Derived, run_derived
from engine.verbs.reply import Parsers, Reply, Session, failed

FORMATS = ("onnx",)


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    export = parsers.add_parser("export", parents=[shared], help="write a deployment file, verified")
    export.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    export.add_argument("--format", default="onnx", help="onnx")
    export.add_argument("--checkpoint", default=None, help="best (default), last, epoch-0010 …")
    export.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments", help="such as opset=17"
    )
    export.set_defaults(run=export_run)


def export_run(session: Session, arguments: argparse.Namespace) -> Reply:
    if arguments.format not in FORMATS:
        raise UserError(
            "format_unknown",
            f"There is no export format {arguments.format!r}.",
            f"The formats are: {', '.join(FORMATS)}.",
        )
    options = resolve_config(
        ConfigSchema.from_pydantic(ExportConfig), parse_assignments(arguments.assignments)
    )
    wanted = {"format": arguments.format, "options": options}
    folder = run_derived(session, Derived("export", arguments.run_id, arguments.checkpoint, options=wanted))
    written = _export_event(folder)
    path = folder.path / written.path
    data: dict[str, object] = {
        "export": folder.run,
        "path": str(path),
        "format": written.format,
        "verified": written.verified,
        "max_error": written.max_error,
        "size_bytes": written.size_bytes,
    }
    if written.max_error is None:
        verdict, error = "could not be compared with PyTorch", ""
    else:
        verdict = "agrees with PyTorch" if written.verified else "DIFFERS from PyTorch"
        error = f" (largest difference {written.max_error:.1e})"
    text = f"{path}\n{written.size_bytes / 1e6:.1f} MB, {verdict}{error}."
    if not written.verified:
        hint = f"Do not deploy it. See why: lensmith runs log {folder.run}"
        data = failed(data, "export_unverified", f"The file is not verified: it {verdict}{error}.", hint)
    return Reply(data, text, exit_code=0 if written.verified else 2)


def _export_event(folder: RunFolder) -> ExportWritten:
    lines = folder.latest_attempt().events_path.read_bytes().splitlines()
    found = [event for event in map(parse_event, lines) if isinstance(event, ExportWritten)]
    if not found:
        raise UserError(
            "export_missing", f"Run {folder.run} wrote no file.", f"See why: lensmith runs log {folder.run}"
        )
    return found[-1]
