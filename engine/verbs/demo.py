"""`lensmith demo`: the whole path on generated pictures, ending in a table: train, evaluate, export, predict."""

from __future__ import annotations

import argparse
import time
from argparse import Namespace
from pathlib import Path
from typing import cast

from engine.datasets.demo import write_demo_dataset
from engine.datasets.library import Library
from engine.errors import UserError
from engine.verbs.evaluate import evaluate_run
from engine.verbs.export import export_run
from engine.verbs.predict import predict_images
from engine.verbs.reply import Parsers, Reply, Session, percent, table
from engine.verbs.train import train_model

DATASET = "demo-shapes"
SETTINGS = (
    "epochs=15",
    "image_size=64",
    "batch_size=16",
    "optimizer.lr=0.005",
    "scheduler.type=onecycle",
    "augmentation.random_crop=false",
    "seed=0",
)
"""Enough to learn the shapes from scratch, in half a minute on two cores."""


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    demo = parsers.add_parser(
        "demo", parents=[shared], help="train, evaluate, export and predict on demo pictures"
    )
    demo.add_argument("--plugin", default="example_minimal", help="default: example_minimal")
    demo.set_defaults(run=run_demo)


def run_demo(session: Session, arguments: argparse.Namespace) -> Reply:
    """Run every step as the user would; the first failure ends it with its own sentence."""
    rows: list[tuple[str, str, str]] = []
    began = time.monotonic()

    def note(step: str, result: str) -> None:
        nonlocal began
        rows.append((step, result, f"{time.monotonic() - began:.1f} s"))
        if not session.as_json:
            session.errors.print(f"{step}: {result}", markup=False, highlight=False)
        began = time.monotonic()

    folder = demo_folder(session)
    note("Data", f"{DATASET}: {len(Library(session.home).get(DATASET).items)} pictures")
    settings = Namespace(
        plugin=arguments.plugin, data=DATASET, preset=None, assignments=list(SETTINGS), name="demo",
        gpus=None, on="local", detach=False,
    )  # fmt: skip
    trained = _data(train_model(session, settings))
    best = cast("dict[str, object]", trained["best"] or {})
    run = str(trained["run"])
    note(
        "Train",
        f"{best.get('metric')} {percent(cast('float', best.get('value')))} in epoch {best.get('epoch')}",
    )
    wish = Namespace(
        run_id=run, data=None, split="test", checkpoint=None, map=[], name=None, unlabelled=False,
        batch_size=None, gpus=None,
    )  # fmt: skip
    tested = _data(evaluate_run(session, wish))
    metrics = cast("dict[str, float]", tested["metrics"])
    note("Evaluate", f"test accuracy {percent(metrics['test/accuracy'])} on {tested['images']} pictures")
    exported = _data(
        export_run(session, Namespace(run_id=run, format="onnx", checkpoint=None, assignments=[]))
    )
    note(
        "Export",
        f"ONNX, {cast('int', exported['size_bytes']) / 1e6:.1f} MB, verified: {exported['verified']}",
    )
    pictures = Namespace(
        run_id=run, checkpoint=None, files=some_pictures(folder), threshold=0.0, csv=None, masks=None,
        device="auto",
    )  # fmt: skip
    predicted = cast("list[dict[str, object]]", _data(predict_images(session, pictures))["predictions"])
    right = sum(Path(str(p["file"])).parent.name == p["label"] for p in predicted)
    note("Predict", f"{right} of {len(predicted)} pictures right")
    data = {
        "run": run,
        "folder": trained["folder"],
        "best": best,
        "metrics": metrics,
        "export": exported["path"],
        "verified": exported["verified"],
        "predictions": predicted,
    }
    return Reply(data, table(("Step", "Result", "Time"), rows))


def demo_folder(session: Session) -> Path:
    """Make and import the demo pictures, once."""
    home = session.home.ensure()
    library = Library(home)
    folder = home.cache / DATASET
    if DATASET not in {manifest.name for manifest in library.list()}:
        write_demo_dataset(folder)
        library.import_dataset(images_of(folder), name=DATASET)
    return images_of(folder)


def images_of(folder: Path) -> Path:
    """The part of the demo that is an image folder with splits."""
    return folder / "classification"


def some_pictures(folder: Path, count: int = 8) -> list[Path]:
    """Pick test pictures of different classes."""
    by_class = [sorted(entry.iterdir()) for entry in sorted((folder / "test").iterdir()) if entry.is_dir()]
    return [files[0] for files in by_class][:count]


def _data(reply: Reply) -> dict[str, object]:
    data = cast("dict[str, object]", reply.data)
    error = data.get("error")
    if isinstance(error, dict):
        told = cast("dict[str, str]", error)
        raise UserError(told["code"], told["message"], told["hint"])
    return data
