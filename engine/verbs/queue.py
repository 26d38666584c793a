"""`lensmith queue`: list, reorder, pause and resume the queue. Every call also adopts orphaned runs."""

from __future__ import annotations

import argparse

from engine.errors import UserError
from engine.runner.queue import tick
from engine.store.database import Store
from engine.verbs.reply import Parsers, Reply, Session, table


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    queue = parsers.add_parser("queue", help="the runs that wait, and in which order")
    verbs = queue.add_subparsers(dest="queue_verb", metavar="VERB", required=True)
    verbs.add_parser("list", parents=[shared], help="list what waits").set_defaults(run=list_queue)
    move = verbs.add_parser("move", parents=[shared], help="put a waiting run at a place, 1 is next")
    move.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    move.add_argument("--to", type=int, required=True, metavar="N", help="its place, 1 is next")
    move.set_defaults(run=move_run)
    verbs.add_parser("pause", parents=[shared], help="start nothing new").set_defaults(run=pause_queue)
    verbs.add_parser("resume", parents=[shared], help="start waiting runs again").set_defaults(
        run=resume_queue
    )


def list_queue(session: Session, _arguments: argparse.Namespace) -> Reply:
    tick(session.home.ensure())
    with Store.open(session.home.store_path) as store:
        rows = store.queue()
        paused = store.is_queue_paused()
    data = {"queue": [{"run": row.run, "position": row.position, "attempt": row.attempt} for row in rows]}
    data |= {"paused": paused}
    text: object = table(("Place", "Run", "Attempt"), [(row.position, row.run, row.attempt) for row in rows])
    return Reply(data, text if rows else "Nothing waits." + (" The queue is paused." if paused else ""))


def move_run(session: Session, arguments: argparse.Namespace) -> Reply:
    with Store.open(session.home.ensure().store_path) as store:
        row = store.run(arguments.run_id)
        if arguments.to < 1:
            raise UserError("place_invalid", f"There is no place {arguments.to} in the queue.", "1 is next.")
        if not store.move(row.run, arguments.to):
            raise UserError(
                "run_not_waiting",
                f"Run {row.run} is {row.state} and does not wait in the queue.",
                "See `lensmith queue list`.",
            )
    return list_queue(session, arguments)


def pause_queue(session: Session, arguments: argparse.Namespace) -> Reply:
    with Store.open(session.home.ensure().store_path) as store:
        store.pause_queue()
    return list_queue(session, arguments)


def resume_queue(session: Session, arguments: argparse.Namespace) -> Reply:
    with Store.open(session.home.ensure().store_path) as store:
        store.resume_queue()
    return list_queue(session, arguments)
