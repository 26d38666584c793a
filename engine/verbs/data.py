"""`lensmith data`: import, list, show, check, split, export, relocate, delete. `data_lineage`: history, diff."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Group

from engine.datasets.check import check_dataset
from engine.datasets.formats.registry import layout_names
from engine.datasets.library import ImportOptions, Library
from engine.datasets.manifest import Manifest
from engine.datasets.writers.export import WRITERS, export_dataset
from engine.datasets.writers.tree import Source
from engine.errors import UserError
from engine.protocol.operating_system import heeding_termination
from engine.verbs.data_lineage import add_lineage_parsers
from engine.verbs.data_summary import problem_table, rows_of, summary
from engine.verbs.reply import Parsers, Reply, Session, failed, table


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    data = parsers.add_parser("data", help="import, check, split and export datasets")
    verbs = data.add_subparsers(dest="data_verb", metavar="VERB", required=True)
    add = verbs.add_parser("import", parents=[shared], help="index a folder or a zip in place")
    add.add_argument("path", type=Path, help="a folder, a zip of one, or a table beside its images")
    add.add_argument("--name", help="default: the folder's name")
    add.add_argument("--format", default="auto", help=f"auto, {', '.join(layout_names())}")
    add.add_argument("--task", default=None, help="classification, detection, segmentation")
    add.add_argument("--copy", action="store_true", help="copy the images into Lensmith's folder")
    add.add_argument(
        "--test-only",
        action="store_true",
        default=None,
        help="all its images are for tests, none to train on",
    )
    add.set_defaults(run=import_dataset)
    shown = verbs.add_parser("list", parents=[shared], help="list the datasets")
    shown.set_defaults(run=list_datasets)
    one = verbs.add_parser("show", parents=[shared], help="classes, splits and problems of a dataset")
    one.add_argument("dataset", help="its name")
    one.set_defaults(run=show_dataset)
    check = verbs.add_parser("check", parents=[shared], help="open every image with the real decoder")
    check.add_argument("dataset", help="name of a dataset, or a folder, zip or CSV")
    check.set_defaults(run=check_data)
    split = verbs.add_parser("split", parents=[shared], help="make the validation split anew")
    split.add_argument("dataset", help="its name")
    split.add_argument("--val", type=float, default=0.2, help="share of images for validation (0.2)")
    split.add_argument("--test", type=float, default=0.0, help="share of images for test (0)")
    split.add_argument("--seed", type=int, default=0, help="equal seeds divide equally")
    split.add_argument(
        "--replace", action="store_true", help="also divide what has splits already, test images included"
    )
    split.set_defaults(run=split_dataset)
    moved = verbs.add_parser("relocate", parents=[shared], help="say where a dataset's files are now")
    moved.add_argument("dataset", help="its name")
    moved.add_argument("path", type=Path, help="the folder it was moved to")
    moved.set_defaults(run=relocate_dataset)
    written = verbs.add_parser("export", parents=[shared], help="write a dataset in another layout")
    written.add_argument("dataset", help="its name")
    written.add_argument("--format", required=True, help=", ".join(WRITERS))
    written.add_argument("--to", type=Path, required=True, help="a new or empty folder")
    written.add_argument("--copy", action="store_true", help="copy images also where links could be made")
    written.set_defaults(run=export_data)
    add_lineage_parsers(verbs, shared)
    gone = verbs.add_parser(
        "delete", parents=[shared], help="forget a dataset; its images stay where they are"
    )
    gone.add_argument("dataset", help="its name")
    gone.set_defaults(run=delete_dataset)


def import_dataset(session: Session, arguments: argparse.Namespace) -> Reply:
    with session.progress("Reading") as progress:
        library = Library(session.home.ensure())
        manifest = library.import_dataset(
            arguments.path,
            name=arguments.name,
            options=ImportOptions(arguments.format, arguments.task, arguments.copy, arguments.test_only),
            progress=progress,
        )
    return _shown(library, manifest)


def list_datasets(session: Session, _arguments: argparse.Namespace) -> Reply:
    library = Library(session.home)
    manifests = library.list()
    rows = [(m.name, m.task, m.format, len(m.classes), len(m.items), m.version[:12]) for m in manifests]
    text: object = table(("Name", "Task", "Format", "Classes", "Images", "Version"), rows)
    if not rows:
        text = "There is no dataset yet. Import one with `lensmith data import FOLDER`."
    return Reply(
        {"datasets": [summary(library, manifest, with_pixels=False) for manifest in manifests]}, text
    )


def show_dataset(session: Session, arguments: argparse.Namespace) -> Reply:
    library = Library(session.home)
    return _shown(library, library.get(arguments.dataset))


def check_data(session: Session, arguments: argparse.Namespace) -> Reply:
    """Check a known dataset or any path; errors among the problems give exit code 2."""
    library = Library(session.home)
    known = {manifest.name: manifest.format for manifest in library.list()}
    target = library.root(arguments.dataset) if arguments.dataset in known else Path(arguments.dataset)
    layout = known.get(arguments.dataset, "auto")
    if not target.exists():
        raise UserError(
            "dataset_unknown",
            f"There is neither a dataset nor a folder named {arguments.dataset!r}.",
            "See `lensmith data list`, or give the path of a folder.",
        )
    with session.progress("Checking") as progress:
        problems = check_dataset(target, progress=progress, format=layout)
    data: dict[str, object] = {
        "dataset": arguments.dataset,
        "problems": [problem.model_dump() for problem in problems],
    }
    text = problem_table(problems) if problems else "No problem found."
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        data = failed(data, errors[0].code, errors[0].message, errors[0].remedy)
    return Reply(data, text, exit_code=2 if errors else 0)


def split_dataset(session: Session, arguments: argparse.Namespace) -> Reply:
    library = Library(session.home.ensure())
    manifest = library.resplit(
        arguments.dataset,
        val=arguments.val,
        test=arguments.test,
        seed=arguments.seed,
        replace=arguments.replace,
    )
    return _shown(library, manifest)


def relocate_dataset(session: Session, arguments: argparse.Namespace) -> Reply:
    library = Library(session.home.ensure())
    library.relocate(arguments.dataset, arguments.path)
    return _shown(library, library.get(arguments.dataset))


def delete_dataset(session: Session, arguments: argparse.Namespace) -> Reply:
    library = Library(session.home.ensure())
    ours = library.keeps_files(arguments.dataset)
    library.delete(arguments.dataset)
    what = "and removed its unpacked or copied images" if ours else "its images were not touched"
    return Reply(
        {"deleted": arguments.dataset, "files_removed": ours}, f"Forgot {arguments.dataset}; {what}."
    )


def export_data(session: Session, arguments: argparse.Namespace) -> Reply:
    """Write a dataset in another layout."""
    library = Library(session.home)
    manifest = library.get(arguments.dataset)
    source = Source(manifest, library.root(manifest.name), library.annotations(manifest))
    with session.progress("Writing") as progress, heeding_termination():
        done = export_dataset(source, arguments.format, arguments.to, copy=arguments.copy, progress=progress)
    data = {
        "export": str(done.folder),
        "format": done.format,
        "images": done.images,
        "notes": list(done.notes),
    }
    text = "\n".join(
        [f"Wrote {done.images} images of {manifest.name} as {done.format} to {done.folder}.", *done.notes]
    )
    return Reply(data, text)


def _shown(library: Library, manifest: Manifest) -> Reply:
    data = summary(library, manifest)
    title = (
        f"{manifest.name}: {len(manifest.items)} images, {len(manifest.classes)} classes ({manifest.format})"
    )
    parts: list[object] = [title, table(*rows_of(manifest, data))]
    if manifest.problems:
        parts.append(problem_table(list(manifest.problems)))
    return Reply(data, Group(*parts))  # pyright: ignore[reportArgumentType]  # strings are renderable
