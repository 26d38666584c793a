"""`lensmith plugins`: list, show, schema, card, check, validate, new; and `describe`, which prints the catalogue."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from rich.console import Group

from engine.config.field import ConfigField
from engine.config.validation import parse_assignments, resolve_config
from engine.errors import UserError
from engine.plugin.check_list import check_list
from engine.plugin.conformance import check
from engine.plugin.describer import describe, filter_entries, find_entry
from engine.plugin.discovery import source_at
from engine.plugin.model_card import DEFAULT_CLASSES, model_card, with_supported_size
from engine.plugin.new import STARTS, new_plugin
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.verbs.reply import Parsers, Reply, Session, failed, table


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    plugins = parsers.add_parser("plugins", help="the models that can be trained")
    verbs = plugins.add_subparsers(dest="plugins_verb", metavar="VERB", required=True)
    listed = verbs.add_parser("list", parents=[shared], help="list the models")
    listed.add_argument("--framework", help="pytorch, timm, torchvision, ultralytics, custom")
    listed.add_argument("--task", help="classification, detection, segmentation")
    listed.add_argument("--tag", help="a word of its tags, such as pretrained")
    listed.add_argument("--refresh", action="store_true", help="describe all anew, without the cache")
    listed.set_defaults(run=list_plugins)
    for name, explanation, run in (
        ("show", "who made it, what it needs, what is wrong with it", show_plugin),
        ("schema", "its settings and presets", show_schema),
    ):
        verb = verbs.add_parser(name, parents=[shared], help=explanation)
        verb.add_argument("plugin", metavar="NAME", help="its folder's or its model's name")
        verb.set_defaults(run=run)
    check = verbs.add_parser(
        "check", parents=[shared], help="try a plugin out: methods, schema, two steps of training"
    )
    check.add_argument("path", metavar="NAME|PATH", help="a known plugin, or where one lies")
    check.set_defaults(run=check_plugin)
    validate = verbs.add_parser("validate", parents=[shared], help="check settings without training")
    validate.add_argument("plugin", metavar="NAME", help="its folder's or its model's name")
    validate.add_argument("--preset", help="easy, medium or advanced")
    validate.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="a setting; see `plugins schema`",
    )
    validate.set_defaults(run=validate_config)
    card = verbs.add_parser("card", parents=[shared], help="how large a model is: parameters and GFLOPs")
    card.add_argument("plugin", metavar="NAME", help="its folder's or its model's name")
    card.add_argument("--preset", help="easy, medium or advanced")
    card.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="a setting, such as architecture or image_size",
    )
    card.add_argument(
        "--classes", type=int, default=DEFAULT_CLASSES, metavar="N", help="how many it tells apart"
    )
    card.set_defaults(run=show_card)
    new = verbs.add_parser("new", parents=[shared], help="start a plugin of your own from an example")
    new.add_argument("name", metavar="NAME", help="folder and model name of the new plugin")
    origin = new.add_mutually_exclusive_group()
    origin.add_argument("--task", choices=tuple(STARTS), default="classification", help="what it shall learn")
    origin.add_argument(
        "--from", dest="source", metavar="P", help="a plugin to copy; default: one of the task"
    )
    new.set_defaults(run=start_plugin)
    catalogue = parsers.add_parser("describe", parents=[shared], help="(process) print the whole catalogue")
    catalogue.set_defaults(run=describe_all)


def list_plugins(session: Session, arguments: argparse.Namespace) -> Reply:
    catalogue = describe(session.home, refresh=arguments.refresh)
    entries = filter_entries(catalogue, arguments.framework, arguments.task, arguments.tag)
    rows = [
        (
            entry.id,
            entry.model,
            entry.metadata.task_type if entry.metadata else None,
            entry.metadata.framework if entry.metadata else None,
            _state(entry),
        )
        for entry in entries
    ]
    text = table(("Name", "Model", "Task", "Framework", "State"), rows)
    return Reply({"plugins": [_summary(entry) for entry in entries]}, text)


def show_plugin(session: Session, arguments: argparse.Namespace) -> Reply:
    entry = find_entry(describe(session.home), arguments.plugin)
    data = _summary(entry)
    rows = [(key.replace("_", " "), _plain(value)) for key, value in data.items() if key != "problems"]
    parts: list[object] = [table(("", ""), rows)]
    if entry.problems:
        parts.append(_problem_table(entry.problems))
    return Reply(data, Group(*parts))  # pyright: ignore[reportArgumentType]  # tables are renderable


def show_schema(session: Session, arguments: argparse.Namespace) -> Reply:
    entry = _with_schema(session, arguments.plugin)
    assert entry.config_schema is not None  # _with_schema refuses entries without
    rows = [
        (field.name, field.type, field.default, f"{_range(field)} {field.unit}".strip(), field.description)
        for field in entry.config_schema.fields
    ]
    return Reply(
        {"name": entry.id, "schema": entry.config_schema.model_dump(mode="json")},
        table(("Setting", "Type", "Default", "Range", "Help"), rows),
    )


def check_plugin(session: Session, arguments: argparse.Namespace) -> Reply:
    """Try a plugin out, by name or by path; errors among the problems give exit code 2."""
    path = Path(arguments.path)
    known: list[PluginProblem] = []
    if not path.exists():
        entry = find_entry(describe(session.home), arguments.path)
        path, known = Path(entry.folder), entry.problems
    source = source_at(path)
    problems = check(source.path)
    # What concerns several plugins, such as one name twice, only the catalogue knows.
    codes = {problem.code for problem in problems}
    problems += [problem for problem in known if problem.code not in codes]
    steps = check_list(problems)
    data: dict[str, object] = {
        "plugin": source.id,
        "problems": [problem.model_dump() for problem in problems],
        "checks": [asdict(step) for step in steps],
    }
    text = _problem_table(problems) if problems else f"{source.id} passes every check."
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        data = failed(data, errors[0].code, errors[0].message, errors[0].hint)
    return Reply(data, text, exit_code=2 if errors else 0)


def validate_config(session: Session, arguments: argparse.Namespace) -> Reply:
    entry = _with_schema(session, arguments.plugin)
    assert entry.config_schema is not None  # _with_schema refuses entries without
    config = resolve_config(entry.config_schema, parse_assignments(arguments.assignments), arguments.preset)
    return Reply({"plugin": entry.id, "config": config}, table(("Setting", "Value"), list(config.items())))


def show_card(session: Session, arguments: argparse.Namespace) -> Reply:
    entry = _with_schema(session, arguments.plugin)
    assert entry.config_schema is not None  # _with_schema refuses entries without
    if arguments.classes < 1:
        raise UserError("usage", f"--classes is {arguments.classes}, but at least 1 is needed.")
    chosen = parse_assignments(arguments.assignments)
    config = resolve_config(entry.config_schema, chosen, arguments.preset)
    if "image_size" not in chosen:
        config = with_supported_size(entry, config)
    card = model_card(session.home, entry, config, arguments.classes)
    about = entry.metadata
    facts = {
        "licence": about.licence if about else "",
        "pretrain_data": about.pretrain_data if about else "",
        "pretrain_score": about.pretrain_score if about else "",
    }
    rows = [
        ("Model", card.model or card.plugin),
        ("Parameters", None if card.parameters is None else f"{card.parameters:,}"),
        ("Compute", None if card.flops is None else f"{card.flops / 1e9:.3g} GFLOPs an image"),
        ("Image size", f"{card.image_size} px"),
        ("Classes", f"{card.classes:,}"),
        *((name.replace("_", " ").capitalize(), value or None) for name, value in facts.items()),
        *([("Missing", card.why_not)] if card.why_not else []),
    ]
    return Reply({**card.model_dump(mode="json"), **facts}, table(("", ""), rows))


def start_plugin(session: Session, arguments: argparse.Namespace) -> Reply:
    source = arguments.source or STARTS[arguments.task]
    folder = new_plugin(arguments.name, session.home.ensure().plugins, source)
    return Reply(
        {"plugin": arguments.name, "folder": str(folder)},
        f"Wrote {folder}. Change it, then try it out: lensmith plugins check {arguments.name}",
    )


def describe_all(session: Session, _arguments: argparse.Namespace) -> Reply:
    catalogue = describe(session.home)
    return Reply(catalogue.model_dump(mode="json"), f"{len(catalogue.entries)} models.")


def _with_schema(session: Session, name: str) -> PluginEntry:
    entry = find_entry(describe(session.home), name)
    if entry.config_schema is None:
        raise UserError(
            "plugin_broken",
            f"The plugin {name!r} cannot be described, so its settings are not known.",
            f"See what is wrong: lensmith plugins show {name}",
        )
    return entry


def _summary(entry: PluginEntry) -> dict[str, object]:
    metadata = entry.metadata.model_dump(mode="json", exclude={"name"}) if entry.metadata else {}
    return {
        "name": entry.id,
        "model": entry.model,
        **metadata,
        "builtin": entry.builtin,
        "folder": entry.folder,
        "usable": entry.is_usable,
        "missing_requirements": list(entry.missing_requirements),
        "problems": [problem.model_dump() for problem in entry.problems],
    }


def _state(entry: PluginEntry) -> str:
    if entry.missing_requirements:
        return f"needs {', '.join(entry.missing_requirements)}"
    errors = [problem.message for problem in entry.problems if problem.severity == "error"]
    if errors:
        return errors[0]
    recommended = entry.metadata is not None and entry.metadata.recommended
    return "ready, recommended" if recommended else "ready"


def _range(field: ConfigField) -> str:
    if field.options:
        shown = field.options if len(field.options) <= 8 else [*field.options[:7], f"… {len(field.options)}"]
        return ", ".join(shown)
    if field.min is None and field.max is None:
        return ""
    low, high = (
        "" if bound is None else f"{bound:.0f}" if field.type == "int" else f"{bound:g}"
        for bound in (field.min, field.max)
    )
    return f"{'>' if field.exclusive_min else ''}{low} … {'<' if field.exclusive_max else ''}{high}"


def _plain(value: object) -> object:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


def _problem_table(problems: list[PluginProblem]) -> object:
    rows = [
        (p.severity, f"{Path(p.file).name}:{p.line}" if p.line else Path(p.file).name, p.message, p.hint)
        for p in problems
    ]
    return table(("Severity", "Where", "Problem", "What to do"), rows)
