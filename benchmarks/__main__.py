"""List the benchmarks, or run one: `python -m benchmarks [NAME] [its arguments]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

ENTRIES: dict[str, str] = {
    "train": "seconds and CPU seconds of each training epoch, in the form that comparisons read",
    "plain_loop": "the same of a loop as most programs have it, to compare with",
    "ultralytics_detect": "the same of Ultralytics' detection trainer on our data path",
    "table": "all of these that have a target; writes docs/performance.md",
    "loader": "images per second of a loader alone, ours or torchvision's",
    "engine_cost": "what events, hooks, checkpoints and validations add to the bare loop",
    "first_step": "seconds from a click on Train to the end of the first step",
    "accuracy": "accuracy over seeds of quicker ways from file to pixels",
    "desktop": "the window: its start, its slots while runs stream, its grid, its memory over a day",
    "transfer": "files sent to and from another machine over SSH, against tar and rsync",
    "far_events": "the delay of events from a worker on another machine over SSH",
    "augmentation": "milliseconds of varying an image with its targets, against Albumentations",
    "results": "writing 50,000 results by image, and opening, filtering and judging them anew in the window",
    "metrics": "seconds of mean average precision, against pycocotools",
    "prediction": "milliseconds from a picture dropped on the Predict page to its answer on the screen",
    "start_up": "seconds until a command answers, and what it imports on the way",
}


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmark, or say which there are."""
    if arguments and arguments[0] in ENTRIES:
        return importlib.import_module(f"benchmarks.{arguments[0]}").main(arguments[1:])
    if arguments:
        print(f"There is no benchmark {arguments[0]}.", file=sys.stderr)
    print("Run one with: python3 dev.py bench NAME [its arguments]\n")
    for name, what in ENTRIES.items():
        print(f"  {name:<18} {what}")
    return 2 if arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
