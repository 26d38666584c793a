"""`lensmith store`: rebuild what views read from the run folders, and back it up."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.store.database import Store
from engine.store.rebuild import rebuild
from engine.verbs.reply import Parsers, Reply, Session


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    store = parsers.add_parser("store", help="the database that views read")
    verbs = store.add_subparsers(dest="store_verb", metavar="VERB", required=True)
    verbs.add_parser("rebuild", parents=[shared], help="make it anew from the run folders").set_defaults(
        run=rebuild_store
    )
    backup = verbs.add_parser("backup", parents=[shared], help="copy it to a file")
    backup.add_argument("path", type=Path, help="the file to write")
    backup.set_defaults(run=backup_store)


def rebuild_store(session: Session, _arguments: argparse.Namespace) -> Reply:
    counts = rebuild(session.home.ensure())
    shown = ", ".join(f"{count} {what}" for what, count in counts.items())
    return Reply({"rebuilt": counts}, f"Rebuilt the store: {shown}.")


def backup_store(session: Session, arguments: argparse.Namespace) -> Reply:
    with Store.open(session.home.ensure().store_path) as store:
        store.backup(arguments.path)
    return Reply({"backup": str(arguments.path)}, f"Wrote {arguments.path}.")
