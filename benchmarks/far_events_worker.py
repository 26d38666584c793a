"""A worker that only speaks: an event every so often, stamped with the time. Started by `far_events` over SSH."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine.channel.heartbeat import Heartbeat
from engine.channel.reporter import Reporter
from engine.protocol.events import MetricsLogged
from engine.protocol.job import ExitRecord
from engine.protocol.run_folder import RunFolder, write_record


def main(folder: RunFolder) -> None:
    """Speak as often as the run's configuration says."""
    attempt = folder.latest_attempt()
    config = folder.job().config
    reporter = Reporter(attempt)
    with Heartbeat(attempt.heartbeat_path):
        for step in range(int(str(config["events"]))):
            time.sleep(float(str(config["pause_s"])))
            values = {"train/loss": 1.0}
            reporter.emit(MetricsLogged(scope="step", epoch=1, step=step, values=values))
    reporter.close()
    write_record(attempt.exit_path, ExitRecord(state="completed"))


if __name__ == "__main__":
    main(RunFolder(Path(sys.argv[-1])))
