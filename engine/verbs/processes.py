"""The verbs that start Lensmith's processes: run, work, serve and describe. Users rarely type them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.verbs.reply import Parsers, Reply, Session


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    run = parsers.add_parser("run", parents=[shared], help="(process) own one run: launch, follow, settle")
    run.add_argument("folder", type=Path)
    run.set_defaults(run=run_runner)
    work = parsers.add_parser("work", parents=[shared], help="(process) do a run's work in this process")
    work.add_argument("folder", type=Path)
    work.set_defaults(run=run_worker)
    serve = parsers.add_parser(
        "serve", parents=[shared], help="(process) answer JSON lines on stdin: the predictor"
    )
    serve.set_defaults(run=run_service)


def run_runner(_session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.runner.run_life import main  # a process loads only what it is for

    return Reply({}, exit_code=main(arguments.folder))


def run_worker(_session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.worker import main  # loads torch

    return Reply({}, exit_code=main(arguments.folder))


def run_service(session: Session, _arguments: argparse.Namespace) -> Reply:
    from engine.inference.service import serve  # loads torch

    return Reply({}, exit_code=serve(session.home, sys.stdin, sys.stdout))
