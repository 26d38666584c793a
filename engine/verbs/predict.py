"""`lensmith predict`: ask the predictor process about files and folders of images."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.results import PredictionRecord
from engine.runner.predicting_place import AUTO
from engine.verbs.checkpoints import checkpoint_of
from engine.verbs.placed_predictor import placed_predictor
from engine.verbs.reply import Parsers, Reply, Session, failed, percent, table

FILES_PER_REQUEST = 32


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    predict = parsers.add_parser("predict", parents=[shared], help="look at images with a trained model")
    predict.add_argument("run_id", metavar="RUN|CHECKPOINT", help="a run, or a checkpoint folder")
    predict.add_argument(
        "files", metavar="FILE|FOLDER", nargs="+", type=Path, help="images, or folders of them"
    )
    predict.add_argument("--checkpoint", default=None, help="best (default), last, epoch-0010 …")
    predict.add_argument("--threshold", type=float, default=0.0, help="least confidence for a label, 0 to 1")
    predict.add_argument("--csv", type=Path, default=None, metavar="FILE", help="also write a table")
    predict.add_argument(
        "--masks", type=Path, default=None, metavar="FOLDER", help="where masks are written, as gray PNG"
    )
    predict.add_argument(
        "--device",
        default=AUTO,
        metavar="auto|cpu|cuda:N",
        help="where to compute; auto takes a GPU that no run uses and that has room, else the CPU",
    )
    predict.set_defaults(run=predict_images)


def predict_images(session: Session, arguments: argparse.Namespace) -> Reply:
    """Answer for every file; those that cannot be read are told, and give exit code 2 when none could be."""
    from engine.inference.predictor import image_files

    if not 0 <= arguments.threshold <= 1:
        raise UserError(
            "threshold_invalid", f"--threshold is a share from 0 to 1, not {arguments.threshold}.", "Try 0.5."
        )
    files = image_files(arguments.files)
    checkpoint = checkpoint_of(session, arguments.run_id, arguments.checkpoint)
    masks = (arguments.masks or session.home.path / "cache" / "masks" / checkpoint.parents[1].name).absolute()
    records: list[PredictionRecord] = []
    with placed_predictor(session, arguments.device) as process, session.progress("Predicting") as progress:
        for start in range(0, len(files), FILES_PER_REQUEST):
            part = [str(path.absolute()) for path in files[start : start + FILES_PER_REQUEST]]
            answer = process.ask(
                "predict",
                checkpoint=str(checkpoint),
                files=part,
                threshold=arguments.threshold,
                masks=str(masks),
            )
            found = cast("list[object]", answer["predictions"])
            records += [PredictionRecord.model_validate(record) for record in found]
            progress(len(records), len(files), "Predicting")
    if arguments.csv is not None:
        _write_csv(arguments.csv, records)
    rows = [(r.file, _found(r), percent(r.confidence), r.error) for r in records]
    is_all_unread = all(record.error is not None for record in records)
    data: dict[str, object] = {
        "predictions": [record.model_dump(mode="json") for record in records],
        "device": process.place.device,
    }
    if is_all_unread:
        message = f"None of the {len(records)} images could be looked at. {records[0].error}"
        data = failed(data, "images_unreadable", message, "`lensmith data check FOLDER` tells each problem.")
    shown = table(("File", "Found", "Confidence", "Error"), rows)
    return Reply(data, shown, exit_code=2 if is_all_unread else 0)


def _found(record: PredictionRecord) -> str | None:
    """What is in an image, in a few words: its label, its objects, or where its mask lies."""
    if record.boxes is None:
        return record.label or record.mask
    counts = Counter(str(box["label"]) for box in record.boxes)
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "nothing"


def _write_csv(path: Path, records: Sequence[PredictionRecord]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            head = ("file", "label", "confidence", "error", "box")
            columns = len(head) if any(record.boxes is not None for record in records) else len(head) - 1
            writer.writerow(head[:columns])
            for record in records:
                writer.writerows(line[:columns] for line in _lines(record))
    except OSError as error:
        raise UserError(
            "csv_unwritable",
            f"{path} cannot be written ({error.strerror}).",
            "Give another place with --csv.",
        ) from error


def _lines(record: PredictionRecord) -> Iterator[tuple[object, ...]]:
    """One line an image; one an object where objects were found."""
    for box in record.boxes or ():
        corners = " ".join(str(value) for value in cast("list[float]", box["box"]))
        yield record.file, box["label"], box["confidence"], None, corners
    if not record.boxes:
        yield record.file, record.label or record.mask, record.confidence, record.error, None
