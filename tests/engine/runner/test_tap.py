"""The live copy on a real local socket: whoever listens gets every event; whoever does not holds nobody up."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.events import MetricsLogged
from engine.protocol.home import Home
from engine.protocol.times import TAP_RECONNECT_S, TAP_SEND_TIMEOUT_S
from engine.runner.run_life import main
from engine.runner.tap import Tap
from tests.fixtures.stand_in_runs import FAST, claimed, local, quiet_home, spoken, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="AF_UNIX; Windows has named pipes instead")


def unix_socket() -> socket.socket:
    if sys.platform == "win32":
        raise OSError("no AF_UNIX here")
    return socket.socket(socket.AF_UNIX)


class Desktop:
    """Listens as a window does, and keeps the lines."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self.data = b""
        self._server = unix_socket()
        self._server.bind(str(address))
        self._server.listen()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def listen(self) -> Desktop:
        self._thread.start()
        return self

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        while received := connection.recv(65536):
            self.data += received

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.data[: self.data.rfind(b"\n") + 1].splitlines()]

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="tap"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return quiet_home(tmp_path / "home")


def metric(seq: int, size: int = 1) -> MetricsLogged:
    values = {f"train/{'x' * 100}{number}": 0.5 for number in range(size)}
    return MetricsLogged(seq=seq, scope="step", epoch=1, step=seq, values=values)


def test_that_a_desktop_gets_every_event_of_a_run_as_lines(home: Home, sockets: Path) -> None:
    desktop = Desktop(sockets / "a").listen()
    home.tap_path.write_text(f"{desktop.address}\n", encoding="utf-8")
    folder = claimed(home, "r", {"epochs": 2, "steps": 3})
    main(folder.path, local(), FAST)
    desktop.close()

    assert all(set(line) == {"run", "attempt", "source", "event"} for line in desktop.lines)
    worker = [line["event"] for line in desktop.lines if line["source"] == "worker"]
    assert worker == [json.loads(event.model_dump_json()) for event in spoken(folder, 1)]
    assert {(line["run"], line["attempt"]) for line in desktop.lines} == {("r", 1)}
    told = [line["event"]["state"] for line in desktop.lines if line["source"] == "supervision"]
    assert told == ["preparing", "starting"]


def test_that_a_value_that_is_no_number_does_not_break_the_line(home: Home, sockets: Path) -> None:
    desktop = Desktop(sockets / "a").listen()
    home.tap_path.write_text(str(desktop.address), encoding="utf-8")
    tap = Tap(home, "r")
    broken = MetricsLogged(seq=0, scope="step", epoch=1, step=1, values={"train/loss": float("nan")})
    tap.send(1, "worker", broken)
    tap.close()
    desktop.close()

    wait_for(lambda: desktop.lines)
    assert desktop.lines[0]["event"]["values"]["train/loss"] in ("NaN", None)


@pytest.mark.parametrize("address", [None, "/no/such/socket", "", "\udcff", "x" * 300])
def test_that_nobody_listening_costs_nothing(home: Home, address: str | None) -> None:
    if address is not None:
        home.tap_path.write_bytes(address.encode("utf-8", "surrogateescape"))
    tap = Tap(home, "r")
    began = time.monotonic()
    for seq in range(2000):
        tap.send(1, "worker", metric(seq))
    assert time.monotonic() - began < 2
    tap.close()
    assert time.monotonic() - began < 3


def test_that_a_desktop_that_does_not_read_holds_nobody(home: Home, sockets: Path) -> None:
    deaf = Desktop(sockets / "deaf")  # accepts nothing, reads nothing
    home.tap_path.write_text(str(deaf.address), encoding="utf-8")
    tap = Tap(home, "r")
    slowest = 0.0
    for seq in range(300):
        began = time.monotonic()
        tap.send(1, "worker", metric(seq, size=50))
        slowest = max(slowest, time.monotonic() - began)
    began = time.monotonic()
    tap.close()
    deaf.close()

    assert slowest < TAP_SEND_TIMEOUT_S
    assert time.monotonic() - began < 4 * TAP_SEND_TIMEOUT_S


def test_that_a_desktop_that_opens_later_gets_what_comes_then(home: Home, sockets: Path) -> None:
    tap = Tap(home, "r")
    tap.send(1, "worker", metric(0))
    time.sleep(0.05)
    desktop = Desktop(sockets / "later").listen()
    home.tap_path.write_text(str(desktop.address), encoding="utf-8")
    seq = 0

    def heard() -> bool:
        nonlocal seq
        seq += 1
        tap.send(1, "worker", metric(seq))
        time.sleep(0.05)
        return bool(desktop.lines)

    wait_for(heard, timeout_s=5 * TAP_RECONNECT_S)
    tap.close()
    desktop.close()

    heard_seq = [line["event"]["seq"] for line in desktop.lines]
    assert heard_seq == list(range(heard_seq[0], seq + 1))


def test_that_a_desktop_that_closes_is_forgotten_and_its_successor_found(home: Home, sockets: Path) -> None:
    first = unix_socket()
    first.bind(str(sockets / "first"))
    first.listen()
    home.tap_path.write_text(str(sockets / "first"), encoding="utf-8")
    tap = Tap(home, "r")
    tap.send(1, "worker", metric(0))
    connection, _ = first.accept()
    assert connection.recv(10) == b'{"run": "r'
    connection.close()
    first.close()
    second = Desktop(sockets / "second").listen()
    home.tap_path.write_text(str(second.address), encoding="utf-8")
    seq = 0

    def heard() -> bool:
        nonlocal seq
        seq += 1
        tap.send(1, "worker", metric(seq))
        time.sleep(0.05)
        return bool(second.lines)

    wait_for(heard, timeout_s=5 * TAP_RECONNECT_S)
    tap.close()
    second.close()
