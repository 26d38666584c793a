"""`lensmith map`: lay out the images of a result by what the model sees, and find those that are almost the same."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.operating_system import lower_priority
from engine.protocol.results import MAP_NAME, ImageMap, ResultSummary
from engine.protocol.run_folder import RunFolder, read_record, write_atomic
from engine.store.database import Store
from engine.verbs.checkpoints import checkpoint_of
from engine.verbs.reply import Parsers, Reply, Session, table

_MOST_SHOWN = 20


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    mapping = parsers.add_parser(
        "map", parents=[shared], help="lay out a result's images by what the model sees; find near duplicates"
    )
    mapping.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    mapping.add_argument("--result", required=True, metavar="NUMBER", help="which of its results, `0007`")
    mapping.add_argument(
        "--checkpoint", default=None, metavar="NAME|FOLDER", help="whose features: best (default), last …"
    )
    mapping.set_defaults(run=map_images)


def map_images(session: Session, arguments: argparse.Namespace) -> Reply:
    """Write the map into the result's folder: the images of the result, and pairs among them and all others."""
    lower_priority()
    with Store.open(session.home.ensure().store_path) as store:
        run = RunFolder(session.home.runs / store.run(arguments.run_id).run)
    folder = run.results / arguments.result
    if not (folder / "summary.json").is_file():
        raise UserError(
            "result_missing",
            f"Run {run.run} has no result {arguments.result}.",
            "Open its results on the Validate page, or evaluate it.",
        )
    summary = read_record(folder / "summary.json", ResultSummary)
    if summary.expected or "item" not in summary.columns:
        raise UserError(
            "map_no_images",
            f"The result {arguments.result} of run {run.run} does not tell of images that last.",
            "Wait until it is finished, or choose a result that is kept by image.",
        )
    named = arguments.checkpoint
    checkpoint = _checkpoint(session, run, named if isinstance(named, str) else None)
    manifest = Manifest.load(run.manifest_path)
    root = _root(session, run, summary)
    items = np.load(folder / "image_item.npy").astype(np.int64)
    order = np.concatenate([items, np.setdiff1d(np.arange(len(manifest.items)), items)])
    files = [root / manifest.items[int(item)].path for item in order]
    made = _made(session, checkpoint, files, len(items))
    pairs: NDArray[np.int64] = order[made.pairs].astype(np.int64)
    written = _write(folder, made, pairs, checkpoint)
    shown = [
        (f"{similarity:.3f}", *(_told(manifest, int(item)) for item in pair))
        for pair, similarity in zip(pairs[:_MOST_SHOWN], made.similarities[:_MOST_SHOWN], strict=True)
    ]
    return Reply(written.model_dump(mode="json"), table(("Alike", "Image", "Image"), shown))


def _checkpoint(session: Session, run: RunFolder, named: str | None) -> Path:
    """By its folder, or by its name in the run."""
    if named is not None and Path(named).is_dir():
        return Path(named)
    return checkpoint_of(session, run.run, named)


def _root(session: Session, run: RunFolder, summary: ResultSummary) -> Path:
    """Where the images lie: where the dataset is now, else where the run read them."""
    try:
        return Library(session.home).root(summary.dataset, summary.dataset_version)
    except UserError:
        for attempt in reversed(run.attempts()):
            named = attempt.spec().placement.dataset_root
            if named is not None:
                return Path(named)
        raise


class _Made:
    """A map: points (N, 2), pairs (P, 2) as positions of the files, and how alike each is."""

    def __init__(
        self, points: NDArray[np.float32], pairs: NDArray[np.int64], similarities: NDArray[np.float32]
    ) -> None:
        self.points, self.pairs, self.similarities = points, pairs, similarities


def _made(session: Session, checkpoint: Path, files: list[Path], count: int) -> _Made:
    """Look at all files; the first `count` are the result's."""
    from engine.inference.image_map import features_of_files, map_of, near_pairs  # NumPy at work, and PIL
    from engine.plugin.restore import restore_model  # loads torch

    with session.progress("Looking at images") as progress:
        features = features_of_files(restore_model(checkpoint), files, progress)
        seen = np.flatnonzero(~np.isnan(features[:, 0]))
        own = seen[seen < count]
        progress(0, 0, "Laying out the map")
        points = np.full((count, 2), np.nan, np.float32)
        points[own] = map_of(features[own])
        pairs = near_pairs(features[seen], seen < count, progress)
    positions = np.stack([seen[pairs.first], seen[pairs.second]], axis=1)
    return _Made(points, positions, pairs.similarity)


def _write(folder: Path, made: _Made, pairs: NDArray[np.int64], checkpoint: Path) -> ImageMap:
    """Arrays first, the record that names them last; that of the map before goes, which these do not fit.

    Raises:
        UserError: `disk_full` and its like.
    """
    record = ImageMap(checkpoint=checkpoint.name, images=len(made.points), pairs=len(pairs))
    try:
        (folder / MAP_NAME).unlink(missing_ok=True)
        for name, values in (
            ("map_points", made.points),
            ("map_pairs", pairs),
            ("map_alike", made.similarities),
        ):
            np.save(folder / f"{name}.npy", values)
        write_atomic(folder / MAP_NAME, json.dumps(record.model_dump(mode="json"), indent=1).encode())
    except OSError as error:
        raise write_error(error, folder) from error
    return record


def _told(manifest: Manifest, item: int) -> str:
    return f"{manifest.items[item].split}: {manifest.items[item].path}"
