"""The verbs that start Lensmith's processes: run, work, serve, describe and measure. Users rarely type them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from engine.errors import UserError
from engine.protocol.operating_system import lead_session, lower_priority
from engine.protocol.times import DESCRIBE_TIMEOUT_S
from engine.verbs.reply import Parsers, Reply, Session


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    run = parsers.add_parser("run", parents=[shared], help="(process) own one run: launch, follow, settle")
    run.add_argument("folder", type=Path)
    run.set_defaults(run=run_runner)
    work = parsers.add_parser("work", parents=[shared], help="(process) do a run's work in this process")
    work.add_argument("folder", type=Path)
    work.set_defaults(run=run_worker)
    spare = parsers.add_parser(
        "spare", parents=[shared], help="(process) load the engine, then wait to be a run's worker"
    )
    spare.set_defaults(run=run_spare)
    serve = parsers.add_parser(
        "serve", parents=[shared], help="(process) answer JSON lines on stdin: the predictor"
    )
    serve.set_defaults(run=run_service)
    description = parsers.add_parser(
        "describe-plugin", parents=[shared], help="(process) import plugins, describe them as JSON lines"
    )
    description.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    description.add_argument("--limit", type=float, default=DESCRIBE_TIMEOUT_S, help="seconds per import")
    description.add_argument(
        "--trial-limit", type=float, default=0.0, help="seconds to try each out; 0 does not"
    )
    description.add_argument("--in-process", action="store_true", help="import the one plugin without a fork")
    description.set_defaults(run=run_description)
    measuring = parsers.add_parser(
        "measure-plugin", parents=[shared], help="(process) build a plugin's model and count it"
    )
    measuring.add_argument("path", type=Path, metavar="PATH")
    measuring.add_argument("--model", default="", help="the name of the one meant, where it has several")
    measuring.add_argument("--config", type=json.loads, default={}, help="its settings, a JSON object")
    measuring.set_defaults(run=run_measuring)


def run_runner(_session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.runner.run_life import main  # a process loads only what it is for

    return Reply(None, exit_code=main(arguments.folder))


def run_worker(_session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.worker import main  # loads torch

    return Reply(None, exit_code=main(arguments.folder))


def run_spare(session: Session, _arguments: argparse.Namespace) -> Reply:
    from engine.jobs.spare import take_up, wait_for_order  # loads torch
    from engine.worker import main

    lead_session()  # one that the window has started does not yet, and a run's children shall end with it
    order = wait_for_order(session.home)
    return Reply(None, exit_code=0 if order is None else main(take_up(order)))


def run_service(session: Session, _arguments: argparse.Namespace) -> Reply:
    lower_priority()  # before torch is loaded, which takes seconds of the processor
    from engine.config.validation import resolve_config
    from engine.datasets.library import Library
    from engine.inference.augmentation_preview import AugmentationPreview
    from engine.inference.exported import with_exported
    from engine.inference.model_place import ModelPlace
    from engine.inference.service import Service, answers_only, serve
    from engine.plugin.describer import describe, find_entry
    from engine.plugin.previewing import study
    from engine.plugin.restore import restore_model  # loads torch

    def validate(plugin: str, config: Mapping[str, object]) -> dict[str, object]:
        entry = find_entry(describe(session.home), plugin)
        if entry.config_schema is None:
            raise UserError("plugin_broken", f"The plugin {plugin!r} cannot be described.", "Check it first.")
        return {"config": resolve_config(entry.config_schema, config)}

    preview = AugmentationPreview(Library(session.home), partial(study, session.home))
    place = ModelPlace()
    load = with_exported(lambda path: restore_model(path, place.device), lambda: place.threads)
    with answers_only() as answers:
        service = Service(load, validate, preview.answer, place)
        return Reply(None, exit_code=serve(service, sys.stdin, answers))


def run_description(_session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.plugin.description import main  # loads torch and the plugins
    from engine.plugin.isolation import Limits

    limits = Limits(arguments.limit, arguments.trial_limit)
    return Reply(None, exit_code=main(arguments.paths, limits, arguments.in_process))


def run_measuring(_session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.plugin.measuring import main  # loads torch and the plugin

    return Reply(None, exit_code=main(arguments.path, arguments.model, arguments.config))
