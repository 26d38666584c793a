"""Another machine: chosen, sent to, at work, out of reach, moved home. It is a real SSH server on this one."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QDialog

from desktop.pages.train import TrainPage
from tests.fixtures.ssh_host import ENVIRONMENT, SshHost, missing_programs
from tests.recorder.play import Pause, Script, Until
from tests.recorder.scenes_runs import PLUGIN, SETTINGS
from tests.recorder.stage import Stage

PLACE = "ssh:box"
PAGES = ("train", "jobs", "home")


def places(stage: Stage) -> Script:
    """The sheet, a run there in all its states, and its curves in two parts."""
    missing = missing_programs()
    if missing:
        stage.camera.miss("train", "places", f"not installed: {', '.join(missing)}")
        return
    host = SshHost.make(stage.context.home.cache / "recorder-sshd")
    host.root = stage.context.home.cache / "recorder-host"
    try:
        host.known(stage.context.home, environment=ENVIRONMENT)
        yield Until(stage.context.hosts.hosts, "the machine in the list")
        stage.context.hosts.test("box")
        yield Until(lambda: stage.context.hosts.state("box").kind == "ready", "the machine tested", 120.0)
        yield from _choose(stage)
        yield from _train_there(stage, host)
        yield from _move_home(stage)
    finally:
        host.stop()
        host.end_processes()


def _train(stage: Stage) -> TrainPage:
    page = stage.page("train")
    assert isinstance(page, TrainPage)
    return page


def _choose(stage: Stage) -> Script:
    yield from stage.go("train", dataset=stage.dataset)
    _train(stage).setup.foot.where.click()
    yield Pause(2500)
    yield from stage.camera.take("train", "places")
    for above in QApplication.topLevelWidgets():
        if isinstance(above, QDialog) and above.isVisible():
            above.reject()
    _train(stage).setup.foot.choice.choose(PLACE)
    yield from stage.camera.take("train", "place_chosen")
    _train(stage).setup.foot.choice.choose("local")


def _train_there(stage: Stage, host: SshHost) -> Script:
    yield from stage.start("away", PLUGIN, {**SETTINGS, "epochs": 400}, PLACE)
    yield from stage.go("train", run=stage.runs["away"])
    yield stage.until("away", "preparing", "starting", "running")
    yield from stage.camera.take("train", "there_preparing")
    yield stage.until_epoch("away", 3)
    yield from stage.camera.take("train", "there_running")
    for page in ("jobs", "home"):
        yield from stage.go(page)
        yield Pause(500)
        yield from stage.camera.take(page, "there_running")
    host.stop()
    run = stage.runs["away"]
    yield Until(lambda: stage.context.places.lost_contact(run) is not None, "that silence is told", 120.0)
    yield from stage.go("train", run=run)
    yield Pause(500)
    yield from stage.camera.take("train", "there_out_of_reach")
    yield from stage.small("train", "there_out_of_reach_minimum")
    yield from stage.go("jobs")
    yield Pause(500)
    yield from stage.camera.take("jobs", "there_out_of_reach")
    host.start()
    yield Until(lambda: stage.context.places.lost_contact(run) is None, "the machine back", 180.0)


def _move_home(stage: Stage) -> Script:
    run = stage.runs["away"]
    yield from stage.go("train", run=run)
    _train(stage).live.header.buttons["move"].click()
    yield Pause(2000)
    yield from stage.camera.take("train", "move")
    yield from stage.tidy()
    stage.context.actions.move(run, "local")
    yield Until(lambda: stage.context.places.place(run) == "local", "the run here", 180.0)
    yield Until(lambda: stage.row("away").state == "running", "the training here", 180.0)
    yield stage.until_epoch("away", stage.row("away").epoch + 5)
    yield Pause(1000)
    yield from stage.camera.take("train", "moved")
    stage.context.actions.command(run, "stop")
    yield stage.until_ended("away")
