"""`lensmith report`: one HTML file that tells of a run, to send to somebody."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.errors import UserError
from engine.reports.report import report_name, write_report
from engine.store.database import Store
from engine.verbs.reply import Parsers, Reply, Session


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    report = parsers.add_parser("report", parents=[shared], help="write one HTML file that tells of a run")
    report.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    report.add_argument("--out", metavar="FILE", help="default: report-RUN.html in this folder")
    report.add_argument("--replace", action="store_true", help="write over a file that is there")
    report.set_defaults(run=report_run)


def report_run(session: Session, arguments: argparse.Namespace) -> Reply:
    with Store.open(session.home.store_path) as store:
        run = store.run(arguments.run_id).run
    path = Path(arguments.out or report_name(run)).absolute()
    if path.is_dir():
        path /= report_name(run)
    if path.exists() and not arguments.replace:
        raise UserError(
            "report_exists",
            f"There is a file {path} already.",
            "Give another one with --out, or --replace it.",
        )
    write_report(session.home, run, path)
    size = path.stat().st_size
    return Reply(
        {"run": run, "path": str(path), "size_bytes": size},
        f"{path}\n{size / 1e6:.1f} MB; it needs nothing else and can be sent as it is.",
    )
