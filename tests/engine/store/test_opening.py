"""Opening the store: first schema on, by several at once, and everything that can be wrong with the file."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.interpreter import child_environment
from engine.protocol.job import JobSpec, PluginRef
from engine.store.database import Store
from engine.store.migrations import MIGRATIONS

OPEN = """
import os, sys
from pathlib import Path
from engine.errors import UserError
from engine.store.database import Store
if len(sys.argv) > 2 and hasattr(os, "geteuid") and os.geteuid() == 0:
    os.setegid(65534); os.seteuid(65534)
try:
    with Store.open(Path(sys.argv[1])) as store:
        print(len(store.runs()))
except UserError as error:
    print(error.code, error.message, error.hint)
"""
MIGRATE = """
import sqlite3, sys
from pathlib import Path
from engine.store.migrations import MIGRATIONS, migrate
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
migrate(connection, Path(sys.argv[1]), (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN colour TEXT"))
"""


def job(run: str) -> JobSpec:
    return JobSpec(run=run, created="2026", plugin=PluginRef(id="p", model="M", source_hash="0"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def open_apart(path: Path, *more: str) -> str:
    command = [sys.executable, "-c", OPEN, str(path), *more]
    ended = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter."""
    folder = Path(tempfile.mkdtemp(prefix="store"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_that_a_store_of_the_first_schema_is_opened_with_all_it_holds(
    tmp_path: Path, repository: Path
) -> None:
    first = repository / "tests" / "golden" / "store_schema_1.sql"
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(first.read_text(encoding="utf-8"))

    with Store.open(path) as store:
        row = store.run("20260101-120000-abcd")
        assert (row.name, row.state, row.best_value, row.config) == (
            "first",
            "completed",
            0.75,
            {"epochs": 2},
        )
        assert [(m.step, m.value) for m in store.metrics(row.run, "val/accuracy")] == [(5, 0.5), (10, 0.75)]
        assert [waiting.run for waiting in store.queue()] == ["20260101-130000-efgh"]
        assert store.last_seq(row.run, 1, "worker") == 7


def test_that_a_store_of_a_newer_version_is_refused_byte_for_byte_untouched(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE later (x)")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = digest(path), sorted(tmp_path.iterdir())

    with pytest.raises(UserError, match="newer Lensmith") as caught:
        Store.open(path)

    assert (digest(path), sorted(tmp_path.iterdir())) == before
    assert "Update Lensmith" in caught.value.hint


def test_that_processes_that_migrate_at_once_keep_the_old_content_as_backup(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.add_run(job("r1"))
    processes = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, str(path)], env=child_environment())
        for _ in range(4)
    ]
    assert [process.wait(60) for process in processes] == [0] * 4

    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT run, colour FROM runs").fetchall() == [("r1", None)]
    with sqlite3.connect(path.with_name("store.db.schema-1.backup")) as backup:
        assert backup.execute("PRAGMA user_version").fetchone() == (1,)
        assert backup.execute("SELECT run FROM runs").fetchall() == [("r1",)]
        assert "colour" not in [column[1] for column in backup.execute("PRAGMA table_info(runs)")]


@pytest.mark.skipif(os.name == "nt", reason="rights of folders work otherwise there")
def test_that_a_folder_that_cannot_be_written_is_told(open_folder: Path) -> None:
    home = open_folder / "read only"
    home.mkdir()
    home.chmod(0o555)

    told = open_apart(home / "store.db", "as nobody")
    assert told.startswith("store_unreachable")
    assert str(home) in told


@pytest.mark.skipif(os.name == "nt", reason="rights of folders work otherwise there")
def test_that_an_existing_store_in_a_read_only_folder_is_told_and_kept(open_folder: Path) -> None:
    path = open_folder / "store.db"
    Store.open(path).close()
    before = digest(path)
    path.chmod(0o444)
    open_folder.chmod(0o555)

    told = open_apart(path, "as nobody")
    assert told.startswith("store_unreachable")
    assert "cannot be" in told
    assert digest(path) == before


def test_that_a_folder_in_the_place_of_the_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")

    for path in (tmp_path / "store.db", tmp_path / "file" / "store.db"):
        with pytest.raises(UserError) as caught:
            Store.open(path)
        assert caught.value.code == "store_unreachable"


def test_that_a_drive_without_write_ahead_log_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def connect_without_shared_memory(path: Path, **options: object) -> sqlite3.Connection:
        # This way of locking, meant for network drives, has no shared memory, so SQLite itself declines.
        return connect(f"file:{path}?vfs=unix-dotfile", uri=True, timeout=1, isolation_level=None)

    monkeypatch.setattr(sqlite3, "connect", connect_without_shared_memory)
    with pytest.raises(UserError, match="write-ahead log") as caught:
        Store.open(tmp_path / "store.db")
    assert caught.value.code == "store_no_wal"
    assert "local disk" in caught.value.hint


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\0" * 5000])
def test_that_a_file_that_is_no_store_is_told_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)

    with pytest.raises(UserError) as caught:
        Store.open(path)
    assert (caught.value.code, path.read_bytes()) == ("store_damaged", content)
    assert "lensmith store rebuild" in caught.value.hint


def test_that_a_store_cut_in_half_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        for number in range(300):
            store.add_run(job(f"run-{number:04}"))
    os.truncate(path, path.stat().st_size // 2)

    def read_all() -> None:
        with Store.open(path) as store:
            store.runs()
            store.add_run(job("another"))

    with pytest.raises(UserError) as caught:
        read_all()
    assert caught.value.code == "store_damaged"


def test_that_a_store_that_stays_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.connection.STORE_BUSY_TIMEOUT_S", 0.2)
    path = tmp_path / "store.db"
    Store.open(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with Store.open(path) as store, pytest.raises(UserError) as caught:
        store.add_run(job("r"))
    other.close()
    assert caught.value.code == "store_busy"


def test_that_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.add_run(job("r1"))
        with store.transaction() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

        def fill() -> None:
            with store.transaction():
                for number in range(500):
                    store.add_run(job(f"run-{number:04}-{'x' * 500}"))

        with pytest.raises(UserError) as caught:
            fill()
        assert caught.value.code == "disk_full"
        connection.execute("PRAGMA max_page_count = 1000000")

        assert [row.run for row in store.runs()] == ["r1"]
        store.add_run(job("r2"))
        assert len(store.runs()) == 2


def test_that_a_mistake_of_ours_is_not_taken_for_damage(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        with pytest.raises(sqlite3.IntegrityError):
            store.enqueue("a run nobody knows", 1)
        assert store.queue() == []
        closed = store
    with pytest.raises(sqlite3.ProgrammingError):
        closed.runs()
