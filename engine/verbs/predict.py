"""`lensmith predict`: ask the predictor process about files and folders of images."""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.interpreter import child_environment, engine_command
from engine.protocol.results import PredictionRecord
from engine.verbs.checkpoints import checkpoint_of
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
    predict.set_defaults(run=predict_images)


@dataclass(slots=True)
class Predictor:
    """A predictor process of our own: one JSON line out, one back."""

    process: subprocess.Popen[str]
    number: int = 0

    def ask(self, verb: str, **arguments: object) -> dict[str, object]:
        """Send a request and wait for its answer.

        Raises:
            UserError: what the predictor says, or `predictor_died`.
        """
        self.number += 1
        assert self.process.stdin is not None  # both pipes are asked for
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"id": self.number, "verb": verb, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise UserError(
                "predictor_died",
                f"The predictor process ended while it was asked to {verb}.",
                "Its own messages stand above; try again, with fewer or smaller images if memory was short.",
            )
        answer = cast("dict[str, object]", json.loads(line))
        if not answer.get("ok"):
            error = cast("dict[str, str]", answer.get("error", {}))
            raise UserError(error.get("code", "predictor"), error.get("message", ""), error.get("hint", ""))
        return answer


@contextmanager
def predictor(session: Session) -> Iterator[Predictor]:
    """Start a predictor process; it ends with the block."""
    process = subprocess.Popen(
        engine_command("serve"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=child_environment({"LENSMITH_HOME": str(session.home.path)}),
    )
    try:
        yield Predictor(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


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
    with predictor(session) as process, session.progress("Predicting") as progress:
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
    data: dict[str, object] = {"predictions": [record.model_dump(mode="json") for record in records]}
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
