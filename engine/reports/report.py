"""One self-contained HTML file that tells of a run, to send to somebody who has no Lensmith."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from engine.datasets.library import Library
from engine.errors import UserError
from engine.protocol.disk import saving_error
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder, write_atomic
from engine.reports import page
from engine.reports.colours import colour_key
from engine.reports.facts import MeasuredResult, RunFacts, dataset_roots, read_facts
from engine.reports.matrix import read_confusions
from engine.reports.pictures import Picture, WorstImages
from engine.reports.result_curves import result_curves
from engine.reports.style import STYLE

_STATES = {
    "completed": "Finished",
    "stopped": "Stopped early",
    "failed": "Failed",
    "running": "Still training",
}


def write_report(home: Home, run: str, path: Path) -> Path:
    """Write the report of a run, whole or not at all; gives its path.

    Raises:
        UserError: the run is unknown, `report_nowhere` where the folder is not there, `disk_full` or
            `file_not_saved`.
    """
    facts = read_facts(home, run)
    if not path.parent.is_dir():
        raise UserError(
            "report_nowhere",
            f"There is no folder {path.parent} to write the report to.",
            "Create it, or choose another place.",
        )
    try:
        write_atomic(path, report_html(home, facts).encode())
    except OSError as error:
        raise saving_error(error, path) from error
    return path


def report_name(run: str) -> str:
    """How the file of a run is called unless somebody says otherwise."""
    return f"report-{run}.html"


def report_html(home: Home, facts: RunFacts) -> str:
    """Give the page."""
    told = facts.result
    parts = [_head(facts), page.failure(facts), page.cards(facts), page.curves(facts)]
    if told is not None:
        summary = told.summary
        parts += [
            page.metrics(summary),
            page.matrix(read_confusions(told.folder, summary.class_names)),
            _result_curves(told),
            page.classes(summary),
        ]
    else:
        parts.append(page.section("Results", '<p class="soft">No validation of this run has been kept.</p>'))
    parts += [_images(home, facts), page.settings(facts), page.dataset(facts)]
    parts += [page.environment(facts), page.exports(facts), _foot()]
    return page.document(f"{_title(facts)} – report", STYLE, "".join(parts))


def _head(facts: RunFacts) -> str:
    row = facts.row
    started = datetime.fromisoformat(row.created).strftime("%d %B %Y")
    state = _STATES.get(row.state, row.state.capitalize())
    on = f" on {row.dataset}" if row.dataset else ""
    told = f"{row.model or row.plugin}{on} · {row.task} · {started} · {state}"
    return f'<h1>{escape(_title(facts))}</h1><p class="soft">{escape(told)}</p>'


def _title(facts: RunFacts) -> str:
    row = facts.row
    return row.name or f"{row.model or row.plugin} · {row.run[-4:]}"


def _result_curves(told: MeasuredResult) -> str:
    try:
        return page.charts("Curves of the result", result_curves(told.folder, told.summary))
    except (OSError, ValueError, IndexError, EOFError):
        return page.section("Curves of the result", '<p class="soft">They cannot be read.</p>')


def _images(home: Home, facts: RunFacts) -> str:
    shown, manifest = facts.pictured, facts.manifest
    if shown is None or manifest is None:
        return ""
    root = _root(home, facts.folder, shown)
    worst = WorstImages(shown, manifest, root, facts.folder.annotations_path)
    try:
        rows = worst.rows()
        pictures: list[Picture] = [worst.picture(row) for row in rows]
        measure = worst.measure()
    except (OSError, ValueError, IndexError, KeyError):
        return page.section("Worst images", '<p class="soft">What is stored by image cannot be read.</p>')
    if measure is None or not pictures:
        return ""
    name, is_largest, _ = measure
    told = f"Epoch {shown.summary.epoch}, {'largest' if is_largest else 'smallest'} {name} first."
    draws_boxes, draws_maps = "boxes" in shown.summary.arrays, "mask_files" in shown.summary.arrays
    if draws_boxes:
        least = f"{worst.least_confidence:.0%}"
        told += f" Full line: what is there. Broken line: what was found, from a confidence of {least} on."
        if worst.has_object_masks:
            told += " Masks that were found are filled, those that are there are outlined."
    elif draws_maps:
        told += " Left: the truth. Right: the prediction."
    key = colour_key(manifest.classes) if draws_boxes or draws_maps else ""
    return page.images(pictures, told, key, wide=draws_maps and not draws_boxes)


def _root(home: Home, folder: RunFolder, shown: MeasuredResult) -> Path | None:
    """Where the images are now, else where the run read them; None where they are not on this machine."""
    places: list[Path] = []
    with contextlib.suppress(UserError):  # forgotten, or unplugged: the run may still know a place
        places.append(Library(home).root(shown.summary.dataset, shown.summary.dataset_version))
    places += dataset_roots(folder)
    return next((place for place in places if place.is_dir()), None)


def _foot() -> str:
    now = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    return f"<footer>Written by Lensmith on {now}. This file needs no network and runs no script.</footer>"
