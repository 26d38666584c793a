"""A user folder with runs at work that no process stands behind, and the real window over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.desktop_stream import EPOCHS
from engine.config.flat import flatten
from engine.config.train import TrainConfig
from engine.protocol.events import Event, RunStarted, StateChanged, event_line
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, JobSpec, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.store.database import Store

if TYPE_CHECKING:
    from desktop.main_window import MainWindow


def running_home(folder: Path, runs: int) -> tuple[Home, list[str]]:
    """Make the folder, with `runs` runs that the store holds for running. Gives their ids, newest last."""
    home = Home(folder).ensure()
    home.settings_path.write_text('{"appearance": {"theme": "dark"}}', encoding="utf-8")
    ids = [f"2026-01-01-0000-run-{number}" for number in range(runs)]
    with Store.open(home.store_path) as store:
        for number, run in enumerate(ids):
            _add_run(home, store, run, number)
    return home, ids


def _add_run(home: Home, store: Store, run: str, number: int) -> None:
    config = {**flatten(TrainConfig()), "epochs": EPOCHS}
    job = JobSpec(
        run=run,
        name=f"run {number}",
        created=f"2026-01-01T00:00:{number:02}",
        plugin=PluginRef(id="example_minimal", model="example-minimal", source_hash="0" * 64),
        config=config,
    )
    folder = RunFolder(home.runs / run)
    write_record(folder.job_path, job)
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1))
    supervision: list[Event] = [
        StateChanged(seq=place, state=state, attempt=1)
        for place, state in enumerate(("queued", "preparing", "starting"))
    ]
    worker: list[Event] = [
        RunStarted(seq=0, kind="train", device="cuda:0", config=config),
        StateChanged(seq=1, state="running", attempt=1),
    ]
    folder.attempt(1).supervision_path.write_bytes(
        b"".join(event_line(told, told.seq) for told in supervision)
    )
    folder.attempt(1).events_path.write_bytes(b"".join(event_line(told, told.seq) for told in worker))
    with store.transaction():
        store.add_run(job)
        store.ingest(run, 1, "supervision", supervision)
        store.ingest(run, 1, "worker", worker)


def open_window(home: Home, page: str, **target: object) -> MainWindow:
    """Show the real window on a page. It hears the socket and reads the store, but starts no process.

    Raises:
        RuntimeError: the page cannot be shown, or no socket opened.
    """
    from desktop.context import Context
    from desktop.main_window import MainWindow
    from desktop.page_shelf import BrokenPage
    from desktop.theme.fonts import load_fonts
    from desktop.theme.theme import theme

    load_fonts()
    theme.choose("dark")
    context = Context(home)
    window = MainWindow(context)
    window.resize(1440, 900)
    if not context.live.listen():
        raise RuntimeError("no local socket can be opened here")
    context.runs.refresh()
    window.show()
    window.go(page, dict(target))
    if isinstance(window.pages.page(page), BrokenPage):
        raise RuntimeError(f"the page {page} cannot be shown")
    return window
