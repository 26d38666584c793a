"""The report of a run as a page: complete, by itself, without markup or places of somebody's machine."""

from __future__ import annotations

import base64
import re
import shutil
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.library import Library
from engine.errors import UserError
from engine.protocol.events import BestImproved, MetricsLogged, RunEnded, RunStarted, event_line
from engine.protocol.home import Home
from engine.protocol.job import Failure, JobSpec
from engine.protocol.run_folder import read_record, write_record
from engine.reports.report import write_report
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.rebuild import take_run
from tests.desktop.measured_runs import MeasuredRun, evaluation_of, measured_run
from tests.desktop.task_runs import detector_run, segmenter_run

_VOID = {"meta", "img", "br"}
_SELF_CLOSING = {"line", "rect", "polyline", "circle", "image"}


class Page(HTMLParser):
    """Reads a page; notes what is open at its end, headings, and what elements refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.headings: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)


def report(run: MeasuredRun, tmp_path: Path) -> str:
    return write_report(run.home, run.run, tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def run(tmp_path: Path) -> MeasuredRun:
    made = measured_run(Home(tmp_path / "home"), tmp_path)
    for epoch in (1, 2, 3):
        values = {
            "train/loss": 2.0 / epoch,
            "val/loss": 2.5 / epoch,
            "val/accuracy": 0.2 * epoch,
            "train/lr": 0.1,
        }
        made.said.append(MetricsLogged(scope="epoch", epoch=epoch, step=epoch * 10, values=values))
    made.said.append(BestImproved(metric="val/accuracy", value=0.4, epoch=2, step=20))
    started = RunStarted(kind="train", device="cpu", versions={"torch": "2.9.0", "python": "3.11.2"})
    made.folder.attempt(1).events_path.write_bytes(event_line(started, 0))
    return made.tell()


def test_that_a_report_has_all_its_parts_and_is_one_whole_page(run: MeasuredRun, tmp_path: Path) -> None:
    text = report(run, tmp_path)

    page = Page(text)
    assert page.wrong == []
    assert page.open == []
    assert page.headings[1:] == [
        "Curves",
        "Metrics",
        "Confusion matrix",
        "Curves of the result",
        "Classes",
        "Worst images",
        "Settings",
        "Dataset",
        "Environment",
        "Files",
    ]
    assert "2 of 9" in text, "the best epoch"
    assert "Epoch 2, 12 images of the validation split." in text, "the result of the best epoch is told"
    assert "2.9.0" in text
    assert text.count('<svg class="chart"') == 3 + 3, "over the epochs, and of the result"
    assert text.count("<figure>") == 12


def test_that_a_report_needs_nothing_but_itself(run: MeasuredRun, tmp_path: Path) -> None:
    text = report(run, tmp_path)

    page = Page(text)
    assert [kept for kept in page.references if not kept.startswith("data:image/jpeg;base64,")] == []
    assert {"script", "link", "iframe", "object"} & set(page.tags) == set()
    assert "default-src &#x27;none&#x27;" in text
    assert re.findall(r"https?://|url\(", text) == []


def test_that_no_place_of_this_machine_is_told(run: MeasuredRun, tmp_path: Path) -> None:
    text = report(run, tmp_path)

    assert str(tmp_path) not in text
    assert str(run.home.path) not in text


def test_that_the_reason_of_a_failure_names_no_place_either(run: MeasuredRun, tmp_path: Path) -> None:
    failed = MeasuredRun(run.home, "20260101-000300-dddd", run.manifest).create()
    where = failed.folder.path / "my checkpoints" / "last"
    failure = Failure(
        cause="disk_full", code="disk_full", message=f"The disk is full: {where} was not written."
    )
    add_supervision(failed.folder.attempt(1), RunEnded(state="failed", failure=failure))
    with Store.open(run.home.store_path) as store:
        take_run(store, failed.folder)

    text = report(failed, tmp_path)
    assert "The disk is full: …/my checkpoints/last was not written." in text
    assert str(tmp_path) not in text


def test_that_markup_in_names_is_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    home = Home(tmp_path / "home")
    run = detector_run(home, tmp_path)
    for folder in run.folder.results.iterdir():
        summary = folder / "summary.json"
        summary.write_text(summary.read_text().replace('"cat"', '"<script>alert(1)<\\/script>"'))
    manifest = run.folder.manifest_path
    manifest.write_text(manifest.read_text().replace('"cat"', '"<script>alert(1)<\\/script>"'))
    job = read_record(run.folder.job_path, JobSpec)
    config = {**job.config, f"mine{evil}": evil}
    write_record(run.folder.job_path, job.model_copy(update={"name": evil, "config": config}))
    run.tell()

    text = report(run, tmp_path)

    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 6
    assert Page(text).wrong == []


def test_that_a_run_without_results_has_a_report_too(tmp_path: Path) -> None:
    run = measured_run(Home(tmp_path / "home"), tmp_path)
    shutil.rmtree(run.folder.results)
    shutil.rmtree(run.folder.checkpoints)

    text = report(run, tmp_path)

    assert "No validation of this run has been kept." in text
    assert "Settings" in Page(text).headings


def test_that_damaged_results_leave_a_sentence(run: MeasuredRun, tmp_path: Path) -> None:
    (run.folder.results / "0002" / "image_loss.npy").write_bytes(b"cut off")
    (run.folder.results / "0002" / "confusion.npy").unlink()

    text = report(run, tmp_path)

    assert "What is stored by image cannot be read." in text
    assert "Confusion matrix" not in Page(text).headings


def test_that_where_the_best_kept_no_images_those_of_the_newest_are_shown(
    run: MeasuredRun, tmp_path: Path
) -> None:
    for file in (run.folder.results / "0002").glob("image_*.npy"):
        file.unlink()

    text = report(run, tmp_path)

    assert "Epoch 2, 12 images" in text
    assert "Epoch 3, largest loss first." in text


def test_that_images_that_are_not_here_are_told(run: MeasuredRun, tmp_path: Path) -> None:
    root = Library(run.home).root(run.manifest.name)
    shutil.rmtree(root)

    text = report(run, tmp_path)

    assert text.count("The image is not on this machine.") == 12
    assert str(root) not in text


def test_that_pictures_are_small_and_the_worst_come_first(run: MeasuredRun, tmp_path: Path) -> None:
    text = report(run, tmp_path)

    kept = [base64.b64decode(one) for one in re.findall(r"data:image/jpeg;base64,([^\"]+)", text)]
    assert len(kept) == 12
    assert all(max(Image.open(BytesIO(one)).size) <= 224 for one in kept)
    losses = [float(one) for one in re.findall(r"<i>loss ([\d.]+)</i>", text)]
    assert losses == sorted(losses, reverse=True)
    stored = np.load(run.folder.results / "0002" / "image_loss.npy")
    assert losses[0] == pytest.approx(float(stored.max()), rel=1e-2)


def test_that_boxes_of_truth_and_prediction_are_drawn_from_the_best_confidence_on(tmp_path: Path) -> None:
    run = detector_run(Home(tmp_path / "home"), tmp_path)

    text = report(run, tmp_path)

    assert text.count('<rect class="truth"') == 4
    drawn = re.findall(r'class="boxname">([^<]+)<', text)
    least = float(re.findall(r"from a confidence of (\d+)% on", text)[0])
    assert drawn
    assert all(float(told.rsplit(" ", 1)[1].rstrip("%")) >= least for told in drawn)
    assert Page(text).wrong == []


def test_that_masks_of_objects_are_filled_where_found_and_outlined_where_they_are(tmp_path: Path) -> None:
    plain = detector_run(Home(tmp_path / "plain"), tmp_path / "a")
    masked = detector_run(Home(tmp_path / "masked"), tmp_path / "b", masks=True)

    without, text = report(plain, tmp_path), report(masked, tmp_path)

    assert "outlined" not in without
    assert "Masks that were found are filled, those that are there are outlined." in text
    assert Page(text).wrong == []
    before, after = (pictures(told) for told in (without, text))
    assert len(before) == len(after) == 4
    differ = [
        (np.abs(one - other)[2:12, 2:12].max(axis=2) > 60).mean()
        for one, other in zip(before, after, strict=True)
    ]
    assert sorted(share > 0.5 for share in differ) == [False, False, True, True], (
        "in two of the images a box of 10 x 10 pixels was found there"
    )


def pictures(text: str) -> list[np.ndarray]:
    kept = re.findall(r"data:image/jpeg;base64,([^\"]+)", text)
    return [np.asarray(Image.open(BytesIO(base64.b64decode(one))), dtype=np.float64) for one in kept]


def test_that_a_damaged_mask_leaves_a_sentence(tmp_path: Path) -> None:
    run = detector_run(Home(tmp_path / "home"), tmp_path, masks=True)
    for folder in run.folder.results.iterdir():
        runs = np.load(folder / "mask_runs.npy")
        np.save(folder / "mask_runs.npy", np.full_like(runs, 200))

    assert "What is stored by image cannot be read." in report(run, tmp_path)


def test_that_maps_of_truth_and_prediction_stand_beside_each_other(tmp_path: Path) -> None:
    run = segmenter_run(Home(tmp_path / "home"), tmp_path)

    text = report(run, tmp_path)

    assert text.count('<div class="pair">') == 2
    assert "Left: the truth. Right: the prediction." in text
    overlaps = [float(one) for one in re.findall(r"<i>IoU ([\d.]+)</i>", text)]
    assert overlaps == sorted(overlaps)


def test_that_an_evaluation_has_a_report_of_its_own(run: MeasuredRun, tmp_path: Path) -> None:
    evaluation = evaluation_of(run)

    text = report(evaluation, tmp_path)

    assert "of the test split." in text


def test_that_an_unknown_run_and_a_folder_that_is_not_there_are_told(
    run: MeasuredRun, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no run"):
        write_report(run.home, "nothing", tmp_path / "report.html")

    with pytest.raises(UserError) as told:
        write_report(run.home, run.run, tmp_path / "none" / "report.html")
    assert told.value.code == "report_nowhere"
