"""The store's schema as numbered steps: a step that was ever released is never changed, a new one is added."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from engine.errors import UserError

MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE runs (
        run TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, state TEXT NOT NULL,
        attempt INTEGER NOT NULL DEFAULT 1, epoch INTEGER NOT NULL DEFAULT 0, epochs INTEGER NOT NULL DEFAULT 0,
        step INTEGER NOT NULL DEFAULT 0, steps_total INTEGER NOT NULL DEFAULT 0, eta_s REAL, images_per_s REAL,
        best_metric TEXT, best_value REAL, best_epoch INTEGER, created TEXT NOT NULL, started REAL, ended REAL,
        failure TEXT, plugin TEXT NOT NULL, model TEXT NOT NULL DEFAULT '', task TEXT NOT NULL,
        dataset TEXT, dataset_version TEXT, preset TEXT, config TEXT NOT NULL DEFAULT '{}', parent TEXT,
        device TEXT, trashed INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL DEFAULT '[]', notes TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX runs_by_name ON runs (name);
    CREATE TABLE queue (
        run TEXT PRIMARY KEY REFERENCES runs (run) ON DELETE CASCADE, position INTEGER NOT NULL,
        attempt INTEGER NOT NULL, resource TEXT
    );
    CREATE TABLE leases (
        run TEXT PRIMARY KEY REFERENCES runs (run) ON DELETE CASCADE, resource TEXT NOT NULL,
        exclusive INTEGER NOT NULL, since REAL NOT NULL
    );
    CREATE TABLE switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE cursors (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, attempt INTEGER NOT NULL, source TEXT NOT NULL,
        seq INTEGER NOT NULL, unknown INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
        gaps INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (run, attempt, source)
    );
    CREATE TABLE metrics (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, name TEXT NOT NULL, class TEXT NOT NULL DEFAULT '',
        step INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, scope TEXT NOT NULL,
        value REAL, PRIMARY KEY (run, name, class, step, attempt)
    ) WITHOUT ROWID;
    CREATE TABLE checkpoints (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, name TEXT NOT NULL, kind TEXT NOT NULL,
        epoch INTEGER NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        PRIMARY KEY (run, name)
    );
    CREATE TABLE results (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, folder TEXT NOT NULL, attempt INTEGER NOT NULL,
        split TEXT NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, checkpoint TEXT, metrics TEXT NOT NULL,
        PRIMARY KEY (run, folder)
    );
    CREATE TABLE exports (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, path TEXT NOT NULL, format TEXT NOT NULL,
        verified INTEGER NOT NULL, max_error REAL, size_bytes INTEGER NOT NULL, PRIMARY KEY (run, path)
    );
    CREATE TABLE phases (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, attempt INTEGER NOT NULL, name TEXT NOT NULL,
        edge TEXT NOT NULL, seconds REAL, message TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, attempt, name)
    );
    CREATE TABLE notices (
        run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, attempt INTEGER NOT NULL, source TEXT NOT NULL,
        seq INTEGER NOT NULL, time REAL NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
        hint TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, attempt, source, seq)
    );
    """,
)


def refuse_newer(
    connection: sqlite3.Connection, path: Path, migrations: tuple[str, ...] = MIGRATIONS
) -> None:
    """Pass when this version of Lensmith knows the schema.

    Raises:
        UserError: `store_newer` when a later version of Lensmith wrote it.
    """
    version = _version(connection)
    if version > len(migrations):
        raise UserError(
            "store_newer",
            f"The store {path} was written by a newer Lensmith (schema {version}, ours is {len(migrations)}).",
            "Update Lensmith, or set LENSMITH_HOME to another folder. Nothing was changed.",
        )


def migrate(connection: sqlite3.Connection, path: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the schema up to date. A store with data is copied beside itself first.

    Raises:
        UserError: `store_newer`, as in `refuse_newer`.
    """
    refuse_newer(connection, path, migrations)
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited.
        refuse_newer(connection, path, migrations)
        version = _version(connection)
        if 0 < version < len(migrations):
            _back_up(path, path.with_name(f"{path.name}.schema-{version}.backup"))
        for number in range(version, len(migrations)):
            for statement in filter(str.strip, migrations[number].split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def copy_to(connection: sqlite3.Connection, target: Path) -> None:
    """Write a consistent copy of an open store to a file."""
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    finally:
        copy.close()


def _back_up(path: Path, target: Path) -> None:
    """Copy the store while this process alone may write it: through a second connection, which only reads."""
    reading = sqlite3.connect(path)
    try:
        copy_to(reading, target)
    finally:
        reading.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
