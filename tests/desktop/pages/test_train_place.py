"""Where a training runs: the button beside Start, the sheet behind it, and what Start then sends."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.train import TrainPage
from desktop.pages.train_place_card import PlaceCard
from desktop.pages.train_place_sheet import PlaceSheet
from engine.protocol.hosts import EnvironmentFacts, GpuFacts, HostBook
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from tests.desktop.host_stand_in import StandIn, Turn, box_facts, put_box, refusal
from tests.desktop.measured_runs import import_pictures
from tests.desktop.pages.machines_stage import shown
from tests.desktop.pages.test_train import entry
from tests.desktop.places import put_moved

WAIT_MS = 30_000


@pytest.fixture
def engine(context: Context, tmp_path: Path) -> StandIn:
    return StandIn(context.home, tmp_path / "stand-in")


def status(to_send: int = 0, seconds: float | None = None, **facts: object) -> Turn:
    """A turn of `hosts status`."""
    found = box_facts(**facts).model_dump(mode="json")
    return Turn({"host": "box", "facts": found, "bytes_to_send": to_send, "seconds_to_send": seconds})


@pytest.fixture
def page(context: Context, qtbot: QtBot, tmp_path: Path) -> TrainPage:
    import_pictures(context.home, tmp_path)
    with Store.open(context.home.store_path) as store:
        store.pause_queue()
    context.catalogue.entries = [entry(tmp_path)]
    context.catalogue.is_loaded = True
    context.datasets.refresh()
    context.hosts.refresh()
    context.runs.refresh()
    made = TrainPage(context)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    qtbot.waitUntil(
        lambda: made.setup.dataset is not None and context.runs.is_loaded and context.hosts.is_loaded
    )
    return made


def add_box(context: Context, qtbot: QtBot, **facts: object) -> HostBook:
    book = put_box(context.home, box_facts(**facts))
    context.hosts.refresh()
    qtbot.waitUntil(lambda: context.hosts.facts("box") is not None)
    return book


def open_sheet(page: TrainPage) -> PlaceSheet:
    page.setup.foot.where.click()
    sheets = [w for w in QApplication.topLevelWidgets() if isinstance(w, PlaceSheet) and w.isVisible()]
    assert len(sheets) == 1
    return sheets[0]


def card(sheet: PlaceSheet, place: str) -> PlaceCard:
    return sheet.list.cards[place]


def test_that_without_another_machine_there_is_only_a_quiet_way_to_add_one(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    assert page.setup.foot.where.isHidden()
    assert page.setup.foot.add.isVisible()
    gone: list[tuple[str, dict[str, object]]] = []
    context.asked_to_go.connect(lambda name, target: gone.append((name, target)))
    page.setup.foot.add.click()
    assert gone == [("settings", {"section": "machines"})]
    add_box(context, qtbot)
    assert page.setup.foot.where.isVisible()
    assert page.setup.foot.where.text() == "This machine"
    assert page.setup.foot.add.isHidden()


def test_that_a_machine_says_what_is_free_who_waits_what_is_to_send_and_that_nothing_was_measured(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [status(412_000_000, 9.2, queue=2)]})
    add_box(context, qtbot)
    sheet = open_sheet(page)
    qtbot.waitUntil(lambda: "412 MB" in shown(card(sheet, "ssh:box")), timeout=WAIT_MS)
    assert engine.heard()[0].arguments == ["--data", "pictures", "--json"]
    told = shown(card(sheet, "ssh:box"))
    for words in (
        "RTX 4090",
        "18.0 of 24 GB free",
        "2 runs at work",
        "about 9 s",
        "no measurement yet",
        "Ready",
    ):
        assert words in told
    assert "412 MB" in card(sheet, "ssh:box").accessibleDescription()
    here = shown(card(sheet, "local"))
    assert "it is here" in here
    assert "Chosen" in here


def test_that_the_time_is_that_of_earlier_runs_on_that_machine_and_no_other(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [status(0)]})
    add_box(context, qtbot)
    assert page.setup.state is not None
    size = page.setup.state.values().get("image_size")
    folder = put_moved(context.home, "earlier", ["ssh:box"], "completed")
    with Store.open(context.home.store_path) as store, store.transaction() as connection:
        connection.execute(
            "UPDATE runs SET images_per_s = 3.0, config = ? WHERE run = 'earlier'",
            (f'{{"image_size": {size}}}',),
        )
    assert folder.path.is_dir()
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.places.place("earlier") == "ssh:box")
    sheet = open_sheet(page)
    qtbot.waitUntil(lambda: "it is there already" in shown(card(sheet, "ssh:box")), timeout=WAIT_MS)
    told = shown(card(sheet, "ssh:box"))
    assert "About 6 s" in told  # 3 epochs of 6 images at 3 a second
    assert "measured in 1 run" in told
    assert "no measurement yet" in shown(card(sheet, "local"))


def test_that_the_time_on_the_processor_is_not_that_of_a_gpu(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    add_box(context, qtbot)
    assert page.setup.state is not None
    size = page.setup.state.values().get("image_size")
    put_moved(context.home, "earlier", ["ssh:box"], "completed")
    with Store.open(context.home.store_path) as store, store.transaction() as connection:
        connection.execute(
            "UPDATE runs SET images_per_s = 3.0, config = ? WHERE run = 'earlier'",
            (f'{{"image_size": {size}}}',),
        )
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.places.place("earlier") == "ssh:box")
    page.setup.foot.choice.choose("ssh:box")
    assert page.setup.hint.text().startswith("About 6 s")
    page.setup.foot.device.setCurrentIndex(page.setup.foot.device.findData("cpu"))
    assert page.setup.hint.text() == "How long it takes on box is known after the first run like this there."
    page.setup.foot.device.setCurrentIndex(page.setup.foot.device.findData("cuda:0"))
    assert page.setup.hint.text().startswith("About 6 s")


def test_that_a_click_chooses_and_start_then_sends_the_run_there(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [status(0)]})
    add_box(context, qtbot)
    sheet = open_sheet(page)
    qtbot.waitUntil(lambda: "Ready" in shown(card(sheet, "ssh:box")), timeout=WAIT_MS)
    card(sheet, "ssh:box").clicked.emit()
    assert page.setup.foot.where.text() == "box · RTX 4090"
    assert page.setup.foot.where.accessibleName() == "Where it trains: box · RTX 4090"
    assert [page.setup.foot.device.itemText(n) for n in range(page.setup.foot.device.count())] == [
        "Any free device",
        "GPU 0: RTX 4090",
        "CPU",
    ]
    page.setup.start.click()
    qtbot.waitUntil(lambda: bool(context.runs.queue()), timeout=WAIT_MS)
    (waiting,) = context.runs.queue()
    assert waiting.resource == "ssh:box"
    placement = RunFolder(context.home.runs / waiting.run).attempt(1).spec().placement
    assert placement.executor == "ssh:box"
    qtbot.waitUntil(lambda: page.live.run.where.place == "ssh:box", timeout=WAIT_MS)
    assert page.live.header.machine.isVisible()


def test_that_its_button_starts_there_at_once(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [status(0)]})
    add_box(context, qtbot)
    sheet = open_sheet(page)
    card(sheet, "ssh:box").go.click()
    qtbot.waitUntil(lambda: bool(context.runs.queue()), timeout=WAIT_MS)
    assert context.runs.queue()[0].resource == "ssh:box"


def test_that_the_choice_is_kept_for_each_dataset_and_only_while_the_machine_is_there(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    book = add_box(context, qtbot)
    choice = page.setup.foot.choice
    choice.choose("ssh:box")
    again = TrainPage(context)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: again.setup.dataset is not None)
    assert again.setup.foot.choice.place == "ssh:box"
    choice.set_dataset("another")
    assert choice.place == "local"
    choice.set_dataset("pictures")
    assert choice.place == "ssh:box"
    book.remove("box")
    context.hosts.refresh()
    qtbot.waitUntil(lambda: not context.hosts.hosts())
    assert choice.place == "local"
    assert page.setup.foot.where.isHidden()


def test_that_a_machine_that_does_not_answer_says_why_and_leads_to_its_test(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [refusal("host_unreachable", "box cannot be reached.", "Switch it on.")]})
    add_box(context, qtbot)
    sheet = open_sheet(page)
    there = card(sheet, "ssh:box")
    qtbot.waitUntil(lambda: "Out of reach" in shown(there), timeout=WAIT_MS)
    assert "box cannot be reached. Switch it on." in shown(there)
    assert there.go.isHidden()
    assert there.remedy.text() == "Test…"
    gone: list[dict[str, object]] = []
    context.asked_to_go.connect(lambda _name, target: gone.append(target))
    there.remedy.click()
    assert gone == [{"section": "machines", "host": "box"}]
    assert not sheet.isVisible()


def test_that_a_machine_that_answers_again_can_be_used_whatever_was_found_earlier(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [status(0)]})
    away = [{"name": "key", "state": "failed", "message": "No route.", "code": "host_unreachable"}]
    facts = box_facts().model_validate({**box_facts().model_dump(), "checks": away})
    put_box(context.home, facts)
    context.hosts.refresh()
    qtbot.waitUntil(lambda: context.hosts.facts("box") is not None)
    sheet = open_sheet(page)
    qtbot.waitUntil(lambda: card(sheet, "ssh:box").go.isVisible(), timeout=WAIT_MS)
    assert "No route." not in shown(card(sheet, "ssh:box"))


def test_that_a_machine_not_prepared_yet_can_be_used_and_says_that_it_takes_a_while(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    missing = EnvironmentFacts(state="missing")
    engine.plays({"status": [status(0, environment=missing)]})
    add_box(context, qtbot, environment=missing)
    sheet = open_sheet(page)
    there = card(sheet, "ssh:box")
    assert there.go.isVisible()
    assert "prepares it by itself" in shown(there)
    assert there.remedy.text() == "Prepare now…"


def test_that_of_several_gpus_it_is_said_how_many_are_free(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [refusal("host_unreachable")]})
    gpus = tuple(
        GpuFacts(index=n, name="NVIDIA A10", memory_bytes=24 << 30, free_bytes=(20 - n) << 30, holder=holder)
        for n, holder in enumerate(("", "other", ""))
    )
    add_box(context, qtbot, gpus=gpus)
    sheet = open_sheet(page)
    told = shown(card(sheet, "ssh:box"))
    assert "3 × A10" in told
    assert "2 of 3 free, 20.0 GB" in told


def test_that_what_a_machine_says_of_itself_is_never_markup(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    gpu = GpuFacts(index=0, name="<img src='file:///etc/hostname'>", memory_bytes=1, free_bytes=1)
    add_box(context, qtbot, gpus=(gpu,))
    page.setup.foot.choice.choose("ssh:box")
    where = page.setup.foot.where
    assert "<img" not in where.toolTip()
    assert "&lt;img" in where.toolTip()
    assert "<img" in where.accessibleName()


def test_that_settings_to_fix_keep_the_start_off_but_not_the_choice(
    page: TrainPage, context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"status": [status(0)]})
    add_box(context, qtbot)
    assert page.setup.state is not None
    page.setup.state.set("epochs", 0)
    sheet = open_sheet(page)
    assert card(sheet, "ssh:box").go.isHidden()
    card(sheet, "ssh:box").clicked.emit()
    assert page.setup.foot.choice.place == "ssh:box"
    assert context.runs.queue() == []


def test_that_a_chosen_machine_known_to_be_out_of_order_is_named_before_the_start(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    put_box(context.home)
    context.hosts.refresh()
    qtbot.waitUntil(lambda: bool(context.hosts.hosts()))
    page.setup.foot.choice.choose("ssh:box")
    assert page.setup.hint.text().startswith("box: It was not asked yet.")
