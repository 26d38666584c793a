"""What a training would be like, before it is started: its images, a rehearsal, a profile."""

from __future__ import annotations

from typing import cast

from desktop.pages.train import TrainPage
from tests.recorder.play import Pause, Script, Until
from tests.recorder.stage import LONG_S, Stage

_BOXES = "cells"
_QUICK = {"image_size": 128, "batch_size": 4, "epochs": 4}


def trials(stage: Stage) -> Script:
    """The preview small and large, with boxes where such data is at hand; figures with proposals; where time goes."""
    real = stage.shared() / "detection_bccd" / "coco"
    if real.is_dir():
        stage.context.datasets.import_path(real, _BOXES)
        yield Until(lambda: stage.context.datasets.get(_BOXES) is not None, "the dataset", LONG_S)
    yield from stage.go("train", dataset=_BOXES if real.is_dir() else stage.dataset)
    page = cast("TrainPage", stage.page("train"))
    setup = page.setup
    yield Until(lambda: setup.form is not None, "the form", LONG_S)
    assert setup.form is not None
    assert setup.state is not None
    setup.state.apply(_QUICK)
    yield from _preview(stage, page)
    yield from stage.press("Rehearse", "train")
    yield Pause(1500)
    yield from stage.camera.take("train", "rehearsing")
    model = setup.trials.model
    yield Until(lambda: not model.is_running, "the end of the rehearsal", LONG_S)
    yield from stage.camera.take("train", "rehearsed")
    yield from stage.small("train", "rehearsed_minimum")
    setup.state.apply({"batch_size": 2})
    yield from stage.camera.take("train", "rehearsal_stale")
    yield from stage.press("Profile", "train")
    profile = setup.trials.profile
    yield Until(lambda: profile.view is not None or profile.model.error is not None, "the profile", LONG_S)
    yield from stage.camera.take("train", "profile")
    yield from stage.small("train", "profile_minimum")
    yield from stage.press("Close", "train")


def _preview(stage: Stage, page: TrainPage) -> Script:
    form, strip = page.setup.form, page.setup.preview
    assert form is not None  # the scene has waited for it
    form.open_groups(False)
    form.sections["Augmentation"].header.click()
    yield Until(lambda: strip.model.rows and not strip.model.is_waiting, "the preview", LONG_S)
    yield Pause(300)
    yield from stage.camera.take("train", "preview")
    yield from stage.press("Show more of them", "train")
    yield Pause(400)
    yield Until(lambda: not strip.model.is_waiting, "the large preview", LONG_S)
    yield Pause(800)
    yield from stage.camera.take("train", "preview_large")
    yield from stage.small("train", "preview_large_minimum")
    yield from stage.press("Close", "train")
    form.open_groups(False)
    form.sections["Basic"].header.click()
