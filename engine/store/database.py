"""The store: one SQLite file a user, read by views, written by runners; every part of it in one class."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import UserError
from engine.store.connection import connect, told
from engine.store.ingest import Ingest
from engine.store.measurements import MeasurementTables
from engine.store.migrations import copy_to, migrate, refuse_newer
from engine.store.queue import QueueTable
from engine.store.runs import RunTable


class Store(RunTable, QueueTable, MeasurementTables, Ingest):
    """An open store. Use it in a `with` block, from one thread."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store, creating or migrating it.

        Raises:
            UserError: `store_unreachable`, `store_no_wal`, `store_damaged`, `store_newer`.
        """
        connection = connect(path, lambda opened: refuse_newer(opened, path))
        try:
            migrate(connection, path)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise told(error, path) from error
        except BaseException:
            connection.close()
            raise
        return cls(connection, path)

    def backup(self, target: Path) -> None:
        """Write a consistent copy.

        Raises:
            UserError: `backup_failed`.
        """
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_to(self._connection, target)
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                "backup_failed", f"The store cannot be copied to {target} ({error}).", "Choose another place."
            ) from error

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
