from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages import settings_machines
from desktop.widgets.buttons import Button, IconButton
from engine.protocol.hosts import EnvironmentFacts, HostBook, HostCheck
from tests.desktop.host_stand_in import (
    StandIn,
    Turn,
    box,
    box_facts,
    cleaned,
    looked_at,
    progress_line,
    put_box,
    refusal,
    unlocked,
)
from tests.desktop.pages.machines_stage import WAIT_MS, act, open_section, open_sheet, shown

NEW_KEY = "SHA256:new"


@pytest.fixture
def engine(context: Context, tmp_path: Path) -> StandIn:
    return StandIn(context.home, tmp_path / "stand-in")


def test_that_an_empty_list_explains_itself_and_offers_to_add(
    context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    section = open_section(context, qtbot)

    assert "No other machine yet" in shown(section)
    assert not section.add_button.isVisible()
    assert section.empty.button is not None
    section.empty.button.click()
    open_sheet(section).reject()


def test_that_a_card_tells_what_was_found(context: Context, engine: StandIn, qtbot: QtBot) -> None:
    put_box(context.home, box_facts())
    section = open_section(context, qtbot)
    card = section.cards["box"]
    texts = shown(card)

    assert "ada@box.local" in card.address.whole_text()
    assert card.pill.text() == "Ready"
    assert "It can train with torch 2.14.1." in texts
    assert "6.0 of 24.0 GB in use" in texts
    assert card.facts.meters[0].bar.value() == 25
    assert "Jan 1970" in card.asked.text()
    assert card.checks_button.text() == "Checks: 1 fine, 1 warning"
    assert card.checks.isHidden()

    card.checks_button.click()
    rows = card.checks.rows
    assert [row.accessibleName() for row in rows] == ["Key of the machine: fine", "Clock: warning"]
    assert rows[1].accessibleDescription() == "Its clock is late. Set it."
    assert not card.checks.isHidden()
    card.checks_button.click()
    assert card.checks.isHidden()


def test_that_cards_come_and_go_with_the_list_in_its_order(
    context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    book = put_box(context.home)
    section = open_section(context, qtbot)
    book.put(box(name="attic"))
    context.hosts.refresh()
    qtbot.waitUntil(lambda: "attic" in section.cards, timeout=WAIT_MS)

    assert section.cards["attic"].y() < section.cards["box"].y() or not section.isVisible()
    book.remove("box")
    book.remove("attic")
    context.hosts.refresh()
    qtbot.waitUntil(lambda: not section.cards, timeout=WAIT_MS)
    assert section.empty.isVisible()


def test_that_a_damaged_list_is_told_above_the_cards(context: Context, engine: StandIn, qtbot: QtBot) -> None:
    HostBook(context.home).path.write_text("{", encoding="utf-8")
    section = open_section(context, qtbot)

    assert section.trouble.isVisible()
    assert "cannot be read" in section.trouble.accessibleName()
    assert "`" not in section.trouble.accessibleDescription()
    assert not section.empty.isVisible()


def test_that_a_test_shows_its_checks_when_something_is_wrong(
    context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    put_box(context.home)
    section = open_section(context, qtbot)
    card = section.cards["box"]
    full = HostCheck(name="disk", state="failed", message="The disk is full.", hint="Free some space.")
    key = HostCheck(name="key", state="ok", message="It is the one that was accepted.")
    engine.plays({"test": [Turn(looked_at(box_facts(checks=(key, full))).document, waits=True)]})

    card.test_button.click()
    assert card.pill.text() == "Being asked"
    assert not card.test_button.isEnabled()
    assert card.work.isVisible()
    engine.let_go()
    qtbot.waitUntil(lambda: card.checks.isVisible(), timeout=WAIT_MS)

    assert card.pill.text() == "Needs you"
    assert (card.banner.accessibleName(), card.banner.accessibleDescription()) == (
        "The disk is full.",
        "Free some space.",
    )
    assert card.test_button.isEnabled()
    assert not card.work.isVisible()


def test_that_a_preparation_shows_progress_and_log_and_can_be_cancelled(
    context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    put_box(context.home, box_facts(environment=EnvironmentFacts()))
    section = open_section(context, qtbot)
    card = section.cards["box"]
    assert card.pill.text() == "To be prepared"
    lines = [
        progress_line(1, 4, "Making the environment"),
        "Collecting torch",
        progress_line(2, 4, "Installing"),
    ]
    engine.plays({"prepare": [Turn(errors=lines, waits=True)]})

    card.prepare_button.click()
    qtbot.waitUntil(lambda: card.work.bar.value() == 50, timeout=WAIT_MS)
    assert card.work.phase.whole_text() == "Installing"
    assert card.work.share.text() == "50%"
    assert card.log.isVisible()
    assert card.log.toPlainText().splitlines() == ["Making the environment", "Collecting torch", "Installing"]
    assert not card.prepare_button.isVisible()

    qtbot.waitUntil(lambda: engine.is_waiting, timeout=WAIT_MS)
    card.work.cancel.click()
    assert not card.work.cancel.isEnabled()
    qtbot.waitUntil(lambda: not card.work.isVisible(), timeout=WAIT_MS)
    assert card.prepare_button.isVisible()
    assert card.pill.text() == "To be prepared"
    assert "Collecting torch" in card.log.toPlainText()


def test_that_a_failed_preparation_says_why_and_its_log_stays_open(
    context: Context, engine: StandIn, qtbot: QtBot, told: list[Told]
) -> None:
    put_box(context.home, box_facts(environment=EnvironmentFacts()))
    section = open_section(context, qtbot)
    card = section.cards["box"]
    engine.plays({"prepare": [refusal("host_pip_failed", "pip found no torch.", "Send wheels along.")]})

    card.prepare_button.click()
    qtbot.waitUntil(lambda: card.banner.isVisible(), timeout=WAIT_MS)

    assert card.banner.accessibleName() == "pip found no torch."
    assert card.log.toPlainText() == "pip found no torch. Send wheels along."
    assert card.log.isVisible()

    # Once more, and it works.
    ready = EnvironmentFacts(state="ready", torch="2.14.1")
    engine.plays({"prepare": [Turn({"environment": ready.model_dump()})]})
    act(card, "Prepare")
    HostBook(context.home).keep_facts("box", box_facts(environment=ready))
    qtbot.waitUntil(lambda: card.pill.text() == "Ready", timeout=WAIT_MS)
    assert not card.banner.isVisible()
    assert [one.title for one in told] == ["box can train now with torch 2.14.1"]


def test_that_a_changed_key_is_an_alarm_without_a_way_to_accept_it(
    context: Context, engine: StandIn, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_box(context.home, box_facts())
    section = open_section(context, qtbot)
    card = section.cards["box"]
    changed = refusal("host_key_changed", "Stop!", fingerprint=NEW_KEY, expected="SHA256:old")
    unknown = refusal("host_key_unknown", "Not known.", fingerprint=NEW_KEY, key_type="ssh-ed25519")
    engine.plays({"test": [changed, unknown], "forget-key": [Turn({"host": "box"})]})
    asked: list[str] = []
    answers = [False, True]

    def answer(_parent: QWidget, title: str, _text: str, _action: str) -> bool:
        asked.append(title)
        return answers.pop(0)

    monkeypatch.setattr(settings_machines, "confirm", answer)

    card.test_button.click()
    qtbot.waitUntil(lambda: card.banner.isVisible(), timeout=WAIT_MS)
    assert card.banner.accessibleName() == "Stop: box.local shows another key than before"
    assert card.banner.property("banner") == "bad"
    assert [one.text() for one in card.banner_buttons()] == ["Forget the old key…"]

    card.banner_buttons()[0].click()
    assert asked == ["Forget the key of box?"]
    assert [call.verb for call in engine.heard()] == ["test"]

    card.banner_buttons()[0].click()
    qtbot.waitUntil(
        lambda: [one.text() for one in card.banner_buttons()] == ["Compare its key…"], timeout=WAIT_MS
    )
    assert [call.verb for call in engine.heard()] == ["test", "forget-key", "test"]
    card.banner_buttons()[0].click()
    sheet = open_sheet(section)
    assert sheet.step == "fingerprint"
    assert sheet.fingerprint.fingerprint.text() == NEW_KEY
    sheet.reject()


def test_that_a_key_that_only_openssh_knows_is_told_and_left_alone(
    context: Context, engine: StandIn, qtbot: QtBot, told: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_box(context.home)
    section = open_section(context, qtbot)
    engine.plays({"forget-key": [Turn({"host": box().model_dump(), "forgotten": False})]})
    monkeypatch.setattr(settings_machines, "confirm", lambda *_arguments: True)

    act(section.cards["box"], "Forget its key…")
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    assert told[0].title == "OpenSSH's own list holds the key of box"
    assert told[0].text.endswith("ssh-keygen -R 'box.local'")
    assert [call.verb for call in engine.heard()] == ["forget-key"]


def test_that_a_locked_key_is_unlocked_and_where_it_is_kept_is_told(
    context: Context, engine: StandIn, qtbot: QtBot, told: list[Told]
) -> None:
    put_box(context.home)
    section = open_section(context, qtbot)
    card = section.cards["box"]
    engine.plays(
        {
            "test": [refusal("host_passphrase_needed", "The key for box is locked."), looked_at(box_facts())],
            "unlock": [
                refusal("host_passphrase_wrong", "It does not fit."),
                unlocked("memory"),
            ],
        }
    )
    card.test_button.click()
    qtbot.waitUntil(lambda: card.banner.isVisible(), timeout=WAIT_MS)
    assert card.banner.property("banner") == "warn"
    card.banner_buttons()[0].click()
    sheet = open_sheet(section)
    assert sheet.step == "passphrase"

    sheet.passphrase.line.setText("wrong")
    sheet.unlock_button.click()
    qtbot.waitUntil(lambda: bool(sheet.passphrase.field.complaint), timeout=WAIT_MS)
    sheet.passphrase.line.setText("right")
    sheet.unlock_button.click()
    assert sheet.passphrase.line.text() == ""
    qtbot.waitUntil(lambda: card.pill.text() == "Ready", timeout=WAIT_MS)

    assert "kept in memory" in told[0].text
    assert [call.input for call in engine.heard() if call.verb == "unlock"] == ["wrong\n", "right\n"]


@pytest.mark.parametrize(("answer", "arguments"), [("forget", []), ("clean", ["--clean"]), ("cancel", None)])
def test_that_a_machine_is_removed_only_after_a_question(
    answer: str,
    arguments: list[str] | None,
    context: Context,
    engine: StandIn,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_box(context.home)
    section = open_section(context, qtbot)
    engine.plays({"remove": [cleaned(0)]})
    asked: list[str] = []

    def choose(_parent: QWidget, title: str, _text: str, _answers: object) -> str:
        asked.append(title)
        return answer

    monkeypatch.setattr(settings_machines, "ask", choose)
    act(section.cards["box"], "Remove…")

    assert asked == ["Remove box?"]
    if arguments is None:
        assert context.hosts.work("box") is None
        assert engine.heard() == []
        return
    qtbot.waitUntil(lambda: "box" not in section.cards or len(engine.heard()) == 1, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: context.hosts.work("box") is None, timeout=WAIT_MS)
    assert [(call.verb, call.arguments) for call in engine.heard()] == [("remove", [*arguments, "--json"])]


def test_that_what_is_kept_there_is_removed_in_parts(
    context: Context, engine: StandIn, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, told: list[Told]
) -> None:
    put_box(context.home)
    section = open_section(context, qtbot)
    kept = "The run r-1: not all of it is here. Fetch it first: lensmith runs fetch r-1"
    engine.plays({"clean": [cleaned(5_000_000, kept)], "test": [looked_at(box_facts())]})
    monkeypatch.setattr(settings_machines, "ask", lambda *_arguments: "some")

    act(section.cards["box"], "Remove what is kept there…")
    qtbot.waitUntil(lambda: len(engine.heard()) == 2, timeout=WAIT_MS)

    assert engine.heard()[0].arguments == ["--runs", "--data", "--json"]
    assert told[0].title == "5.0 MB came free on box"
    assert told[0].text == "Kept: The run r-1: not all of it is here. Fetch it first."


def test_that_every_control_of_a_card_has_a_name_that_says_which_machine(
    context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    book = put_box(context.home, box_facts(environment=EnvironmentFacts()))
    book.put(box(name="attic"))
    section = open_section(context, qtbot)

    for name, card in section.cards.items():
        buttons = [*card.findChildren(Button), *card.findChildren(IconButton)]
        named = {made.accessibleName() for made in buttons if made.isVisibleTo(card)}
        assert f"Test {name}" in named
        assert f"More for {name}" in named
        assert all(made.accessibleName() or made.text() for made in buttons)
        assert card.pill.accessibleName().startswith(f"{name}: ")
    assert section.cards["box"].prepare_button.accessibleName() == "Prepare box"


def test_that_words_from_another_machine_are_never_markup(
    context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    evil = "<b>bold</b> <img src=x>"
    check = HostCheck(name="gpu", state="failed", message=evil, hint=evil)
    put_box(context.home, box_facts(checks=(check,), system=evil))
    section = open_section(context, qtbot)
    card = section.cards["box"]
    card.open_checks()

    assert card.checks.rows[0].message.text() == evil
    assert card.checks.rows[0].message.textFormat().name == "PlainText"
    assert card.banner.accessibleName() == evil
