"""One SQLite connection in WAL mode, its transactions, and what is said when the file cannot be used."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Generator
from pathlib import Path

from engine.errors import UserError
from engine.protocol.times import STORE_BUSY_TIMEOUT_S

_LOCKED_PAUSE_S = 0.05


def connect(path: Path, check: Callable[[sqlite3.Connection], None] | None = None) -> sqlite3.Connection:
    """Open the file, creating it and its folder.

    Args:
        path: of the store.
        check: looks at the file before anything in it is changed, and raises to refuse it.

    Raises:
        UserError: `store_unreachable`, `store_no_wal` (a network drive), `store_damaged`, or what `check` raises.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=STORE_BUSY_TIMEOUT_S, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise UserError(
            "store_unreachable",
            f"The store {path} cannot be opened ({error}).",
            "Check that the folder can be written, or set LENSMITH_HOME to another one.",
        ) from error
    connection.row_factory = sqlite3.Row
    try:
        if check is not None:
            check(connection)
        mode = _journal_mode(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise told(error, path) from error
    except UserError:
        connection.close()
        raise
    if mode != "wal":
        connection.close()
        raise UserError(
            "store_no_wal",
            f"The drive of {path} does not allow the store's write-ahead log, as many network drives do not.",
            "Set LENSMITH_HOME to a folder on a local disk.",
        )
    return connection


def _journal_mode(connection: sqlite3.Connection) -> str:
    """Switch to WAL; two processes that do so at the same instant may meet a lock that SQLite does not wait for."""
    deadline = time.monotonic() + STORE_BUSY_TIMEOUT_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_LOCKED_PAUSE_S)


def told(error: sqlite3.DatabaseError, path: Path) -> UserError:
    """Say what an error of SQLite means for the user."""
    words = str(error).lower()
    if ("disk" in words and "full" in words) or "disk i/o error" in words:
        return UserError(
            "disk_full",
            f"The store {path} cannot be written: the disk is full, or fails ({words}).",
            "Free some space, then try again.",
        )
    if "readonly" in words or "unable to open" in words:
        return UserError(
            "store_unreachable", f"The store {path} cannot be written ({words}).", "Make its folder writable."
        )
    if "locked" in words:
        return UserError(
            "store_busy", f"Another program keeps the store {path} locked.", "Close it, then try again."
        )
    return UserError(
        "store_damaged",
        f"The store {path} is damaged ({words}).",
        "Move the file away, then make it anew from the run folders: lensmith store rebuild",
    )


class Connected:
    """A part of the store: shares the connection of the others."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self._depth = 0

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All or nothing, alone among writers. Inside another transaction it is part of that one.

        Raises:
            UserError: `disk_full`, `store_busy`, `store_damaged`.
        """
        if self._depth:
            yield self._connection
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth -= 1
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # a bug of ours, not the file's
        except sqlite3.DatabaseError as error:
            raise told(error, self.path) from error

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.ProgrammingError:
            raise  # a bug of ours, not the file's
        except sqlite3.DatabaseError as error:
            raise told(error, self.path) from error
