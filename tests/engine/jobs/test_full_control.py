"""A plugin with its own loop, written only against the nine methods, is trained as well as any adapter."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine.channel import control
from engine.protocol import events as said
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.commands import CommandKind, write_command
from engine.protocol.events import Event
from engine.training import orders
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures

PLAN_EXAMPLE = Path(__file__).resolve().parents[2] / "fixtures" / "plan_example"
SETTINGS: dict[str, object] = {
    "optimizer_type": "adam",
    "learning_rate": 3e-3,
    "weight_decay": 1e-4,
    "attention_layers": ["layer1"],
    "dropout_rate": 0.0,
    "epochs": 3,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures") / "data")


@pytest.fixture(autouse=True)
def obey_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "COMMAND_POLL_S", 0.0)
    monkeypatch.setattr(orders, "COMMAND_POLL_S", 0.01)


def plugin(tmp_path: Path, change: tuple[str, str] | None = None, name: str = "changed") -> Path:
    """Give the example, or a copy in which one text was put in the place of another."""
    if change is None:
        return PLAN_EXAMPLE
    text = (PLAN_EXAMPLE / "model.py").read_text(encoding="utf-8")
    assert change[0] in text
    folder = tmp_path / name
    folder.mkdir()
    (folder / "model.py").write_text(text.replace(*change), encoding="utf-8")
    return folder


def run_with(
    tmp_path: Path, data: Path, change: tuple[str, str] | None = None, **settings: object
) -> MadeRun:
    config = SETTINGS | {name.replace("__", "."): value for name, value in settings.items()}
    return make_run(tmp_path / "home", data, config, plugin(tmp_path, change))


def of_type(run: MadeRun, kind: type[Event]) -> list:
    return [event for event in run.events() if isinstance(event, kind)]


def checkpoints(run: MadeRun) -> dict[str, int]:
    return {name: meta.epoch for name, meta in list_checkpoints(run.folder.checkpoints)}


def ordered_at_epoch(epoch: int, *kinds: CommandKind) -> tuple[str, str]:
    """Change the example so that orders arrive while it trains the epoch with this number, from 0."""
    written = "".join(
        f"\n                if epoch == {epoch} and not getattr(self, 'sent_{kind}', False):"
        f"\n                    self.sent_{kind} = True"
        f"\n                    import os; from engine.protocol.commands import write_command"
        f"\n                    from pathlib import Path"
        f"\n                    attempt = int(os.environ['TEST_ATTEMPT'])"
        f"\n                    write_command(Path(os.environ['TEST_COMMANDS']), '{kind}', attempt)"
        for kind in kinds
    )
    return ("                total += loss.item()", "                total += loss.item()" + written)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch):
    def use(run: MadeRun, attempt: int = 1) -> None:
        monkeypatch.setenv("TEST_COMMANDS", str(run.folder.commands))
        monkeypatch.setenv("TEST_ATTEMPT", str(attempt))

    return use


def test_that_its_epochs_are_counted_from_one_and_its_metrics_get_full_names(
    data: Path, tmp_path: Path
) -> None:
    run = run_with(tmp_path, data)

    assert run.work().state == "completed"

    reported = [(e.epoch, set(e.values)) for e in of_type(run, said.MetricsLogged) if e.scope == "epoch"]
    assert reported == [(n, {"train/loss"}) for n in (1, 2, 3)]
    validated = [e for e in of_type(run, said.MetricsLogged) if e.scope == "validation"]
    assert {e.epoch for e in validated} == {1, 2, 3}
    assert any("val/f1_macro" in e.values for e in validated)
    last = of_type(run, said.Progress)[-1]
    assert (last.step, last.steps_total) == (9, 9)


def test_that_it_is_saved_each_epoch_judged_by_its_infer_and_its_best_is_kept(
    data: Path, tmp_path: Path
) -> None:
    run = run_with(tmp_path, data)
    run.work()

    assert set(checkpoints(run)) == {"last", "best"}
    assert checkpoints(run)["last"] == 3
    assert of_type(run, said.BestImproved)[-1].metric == "val/accuracy"
    assert sorted(entry.name for entry in run.folder.results.iterdir()) == ["0001", "0002", "0003"]
    assert (run.folder.results / "0003" / "image_scores.npy").is_file()
    assert (run.folder.checkpoints / "last" / "plugin" / "checkpoint.pt").is_file()


def test_that_epochs_counted_from_one_by_the_plugin_come_to_the_same(data: Path, tmp_path: Path) -> None:
    change = ("callbacks.on_epoch_end(epoch,", "callbacks.on_epoch_end(epoch + 1,")
    run = run_with(tmp_path, data, change)
    run.work()

    assert [e.epoch for e in of_type(run, said.MetricsLogged) if e.scope == "epoch"] == [1, 2, 3]


def test_that_the_validation_keeps_to_its_interval(data: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, data, epochs=5, validation__val_interval=2)
    run.work()

    assert {e.epoch for e in of_type(run, said.ResultWritten)} == {2, 4, 5}


def test_that_reported_validation_metrics_are_taken_and_validate_is_not_called(
    data: Path, tmp_path: Path
) -> None:
    change = ('{"loss": total / len(train_loader)}', '{"loss": total, "val_accuracy": 0.125 * (epoch + 1)}')
    run = run_with(tmp_path, data, change)
    run.work()

    assert [e.value for e in of_type(run, said.BestImproved)] == [0.125, 0.25, 0.375]


@pytest.mark.parametrize(
    ("kind", "state"), [("pause", "paused"), ("stop", "stopped"), ("cancel", "cancelled")]
)
def test_that_it_ends_in_the_middle_of_an_epoch_when_told(
    kind: CommandKind, state: str, data: Path, tmp_path: Path, commands
) -> None:
    run = run_with(tmp_path, data, ordered_at_epoch(1, kind), epochs=5)
    commands(run)

    assert run.work().state == state
    assert [(e.kind, e.ok) for e in of_type(run, said.CommandDone)] == [(kind, True)]
    assert checkpoints(run)["last"] == 1


@pytest.mark.parametrize("knows", [False, True])
def test_that_a_paused_run_goes_on_with_the_epochs_that_are_left(
    knows: bool, data: Path, tmp_path: Path, commands
) -> None:
    run = run_with(tmp_path, data, ordered_at_epoch(1, "pause"), epochs=4)
    if knows:
        model = run.folder.plugin / "model.py"
        text = model.read_text(encoding="utf-8")
        text = text.replace(
            'range(self.config["epochs"])', 'range(self.config["start_epoch"], self.config["epochs"])'
        )
        model.write_text(text, encoding="utf-8")
    commands(run)
    assert run.work().state == "paused"

    commands(run, attempt=1)  # orders for the first attempt are none for the second
    assert run.again("checkpoints/last").work().state == "completed"

    epochs = [e.epoch for e in of_type(run, said.MetricsLogged) if e.scope == "epoch"]
    assert epochs == [2, 3, 4]
    assert checkpoints(run)["last"] == 4


def test_that_a_run_killed_between_epochs_ends_with_the_same_weights(data: Path, tmp_path: Path) -> None:
    import torch

    def weights(run: MadeRun) -> dict[str, torch.Tensor]:
        path = run.folder.checkpoints / "last" / "plugin" / "checkpoint.pt"
        return torch.load(path, weights_only=True)["model"]

    whole = run_with(tmp_path, data, epochs=4)
    whole.work()
    change = (
        "            total = 0.0",
        "            total = 0.0\n            if epoch == 2: raise MemoryError",
    )
    cut = make_run(tmp_path / "cut", data, SETTINGS | {"epochs": 4}, plugin(tmp_path, change))
    assert cut.work().state == "failed"
    (cut.folder.plugin / "model.py").write_text((PLAN_EXAMPLE / "model.py").read_text(encoding="utf-8"))

    cut.again("checkpoints/last").work()

    one, other = weights(whole), weights(cut)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_that_it_stands_still_while_held(data: Path, tmp_path: Path, commands) -> None:
    run = run_with(tmp_path, data, ordered_at_epoch(1, "hold"))
    commands(run)

    def go_on() -> None:
        path = run.folder.attempt(1).events_path
        while not path.exists() or b'"held"' not in path.read_bytes():
            time.sleep(0.01)
        write_command(run.folder.commands, "resume", 1)

    waker = threading.Thread(target=go_on, daemon=True)
    waker.start()
    assert run.work().state == "completed"
    states = [e.state for e in of_type(run, said.StateChanged)]
    assert states == ["running", "held", "running"]


def test_that_it_is_saved_and_measured_on_demand(data: Path, tmp_path: Path, commands) -> None:
    run = run_with(tmp_path, data, ordered_at_epoch(1, "checkpoint", "validate_now"))
    commands(run)
    run.work()

    assert any(name.startswith("manual-") for name in checkpoints(run))
    assert [(e.kind, e.ok) for e in of_type(run, said.CommandDone)] == [
        ("checkpoint", True),
        ("validate_now", True),
    ]
    assert len(of_type(run, said.ResultWritten)) == 4


def test_that_early_stopping_and_numbered_checkpoints_work(data: Path, tmp_path: Path) -> None:
    change = ('{"loss": total / len(train_loader)}', '{"loss": total, "val_accuracy": 0.5}')
    run = run_with(
        tmp_path, data, change, epochs=9, early_stopping__enabled=True, early_stopping__patience=2,
        validation__save_best_only=False, checkpoint__keep_last=2,
    )  # fmt: skip

    assert run.work().state == "completed"
    assert checkpoints(run) == {"best": 1, "epoch-0002": 2, "epoch-0003": 3, "last": 3}


def test_that_a_plugin_that_never_calls_back_is_saved_and_measured_at_the_end(
    data: Path, tmp_path: Path
) -> None:
    change = ("if callbacks and callbacks.on_epoch_end:", "if False:")
    run = run_with(tmp_path, data, change)

    assert run.work().state == "completed"
    assert checkpoints(run)["last"] == 3
    assert len(of_type(run, said.ResultWritten)) == 1


def test_that_a_plugin_that_catches_everything_is_stopped_all_the_same(
    data: Path, tmp_path: Path, commands
) -> None:
    first = ordered_at_epoch(1, "stop")
    run = run_with(tmp_path, data, first, epochs=6)
    model = run.folder.plugin / "model.py"
    text = model.read_text(encoding="utf-8")
    text = text.replace(
        '                callbacks.on_epoch_end(epoch, {"loss": total / len(train_loader)})',
        "                try:\n"
        '                    callbacks.on_epoch_end(epoch, {"loss": total})\n'
        "                except Exception:\n"
        "                    pass",
    )
    model.write_text(text, encoding="utf-8")
    commands(run)

    assert run.work().state == "stopped"


def test_that_a_loss_that_is_no_number_is_a_typed_failure(data: Path, tmp_path: Path) -> None:
    change = ('{"loss": total / len(train_loader)}', '{"loss": float("nan")}')

    failure = run_with(tmp_path, data, change).work().failure

    assert failure is not None
    assert (failure.cause, failure.code) == ("nan", "loss_not_finite")


def test_that_an_exception_is_the_plugins_with_its_traceback(data: Path, tmp_path: Path) -> None:
    change = ("            total = 0.0", "            total = 0.0\n            raise ZeroDivisionError('oh')")

    failure = run_with(tmp_path, data, change).work().failure

    assert failure is not None
    assert failure.cause == "plugin"
    assert "ZeroDivisionError: oh" in failure.message
    assert "model.py" in failure.traceback


def test_that_a_plugin_that_saves_nothing_is_told(data: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, data, ("        torch.save(", "        len("), epochs=1)
    model = run.folder.plugin / "model.py"
    text = model.read_text(encoding="utf-8")
    start, end = text.index("    def save_checkpoint"), text.index("    def load_checkpoint")
    model.write_text(
        text[:start] + "    def save_checkpoint(self, path, epoch, metrics):\n        pass\n\n" + text[end:]
    )

    failure = run.work().failure
    assert failure is not None
    assert failure.code == "plugin_saved_nothing"


def test_that_metrics_that_are_no_numbers_are_left_out_with_one_notice(data: Path, tmp_path: Path) -> None:
    change = (
        '{"loss": total / len(train_loader)}',
        '{"loss": total, "note": "fine", "t": torch.tensor(2.0)}',
    )
    run = run_with(tmp_path, data, change)
    run.work()

    notices = [e for e in of_type(run, said.Notice) if e.code == "metric_ignored"]
    assert len(notices) == 1
    assert all("train/t" in e.values for e in of_type(run, said.MetricsLogged) if e.scope == "epoch")
