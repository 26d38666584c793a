from __future__ import annotations

import pytest

from desktop.bridge.host_state import HostLog, HostWork, host_state
from engine.errors import UserError
from engine.protocol.hosts import EnvironmentFacts, HostCheck, HostFacts
from tests.desktop.host_stand_in import box_facts

LATE = HostCheck(name="clock", state="warning", message="Its clock is late.")


def failed(name: str, code: str = "") -> HostCheck:
    return HostCheck(name=name, state="failed", message=f"{name} failed.", hint="Mend it.", code=code)


def test_that_a_machine_that_was_never_asked_is_unknown() -> None:
    assert host_state(None, None, None).kind == "unknown"
    assert host_state(HostFacts(), None, None).kind == "unknown"


def test_that_a_machine_with_an_environment_is_ready_and_its_warnings_are_told() -> None:
    state = host_state(box_facts(checks=(LATE,)), None, None)

    assert state.kind == "ready"
    assert state.sentence == "It can train with torch 2.14.1. One check has a warning."


@pytest.mark.parametrize(
    ("environment", "kind"),
    [("missing", "needs_preparing"), ("outdated", "needs_preparing"), ("own", "ready"), ("ready", "ready")],
)
def test_that_the_environment_says_whether_a_machine_must_be_prepared(environment: str, kind: str) -> None:
    facts = box_facts(environment=EnvironmentFacts.model_validate({"state": environment}))

    assert host_state(facts, None, None).kind == kind


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (failed("login", "host_login_refused"), "needs_attention"),
        (failed("key", "host_key_changed"), "needs_attention"),
        (failed("disk", "host_disk_full"), "needs_attention"),
        (failed("login", "host_unreachable"), "unreachable"),
        (failed("environment"), "needs_preparing"),
    ],
)
def test_that_a_failed_check_says_what_a_machine_needs(check: HostCheck, kind: str) -> None:
    state = host_state(box_facts(checks=(LATE, check)), None, None)

    assert (state.kind, state.sentence, state.hint, state.code) == (
        kind,
        check.message,
        "Mend it.",
        check.code,
    )


def test_that_a_broken_environment_of_the_users_own_is_theirs_to_mend() -> None:
    facts = box_facts(checks=(failed("environment"),), environment=EnvironmentFacts(state="own"))

    assert host_state(facts, None, None).kind == "needs_attention"


def test_that_what_is_under_way_comes_before_what_was_found() -> None:
    trouble = UserError("host_unreachable", "It does not answer.")
    testing, preparing = HostWork("test"), HostWork("prepare", 1, 2, "Sending the engine")

    assert host_state(box_facts(), testing, trouble).kind == "checking"
    assert host_state(box_facts(), preparing, trouble).sentence == "Sending the engine"
    assert host_state(box_facts(), None, trouble).kind == "unreachable"
    assert host_state(box_facts(), HostWork("clean"), None).kind == "ready"


def test_that_a_log_says_a_phase_once_and_lets_its_oldest_lines_go() -> None:
    log = HostLog()
    for number in range(2_500):
        log = log.with_line(f"line {number}").with_line(f"line {number}")

    assert len(log.lines) == 2_000
    assert log.lines[0] == "line 500"
