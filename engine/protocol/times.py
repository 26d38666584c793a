"""Every interval and time-out of the processes, in one place (seconds, unless the name says otherwise)."""

from __future__ import annotations

from typing import Final

HEARTBEAT_S: Final = 2.0
"""How often a worker touches its heartbeat file."""
LOST_AFTER_S: Final = 30.0
"""A worker whose heartbeat has not been seen to change for this long is asked about."""
COMMAND_POLL_S: Final = 0.2
"""How often a worker looks for new commands at step boundaries."""
FOLLOW_POLL_S: Final = 0.05
"""How often a runner looks for new events of a local worker."""
QUEUE_TICK_S: Final = 5.0
"""How often an open desktop ticks the queue."""
CANCEL_TERM_AFTER_S: Final = 30.0
"""A cancel that is not obeyed for this long is escalated to a polite signal."""
CANCEL_KILL_AFTER_S: Final = 10.0
"""And this long after that signal to a hard kill."""
TAP_SEND_TIMEOUT_S: Final = 0.25
"""A desktop that does not read for this long loses its live copy, never the run its progress."""
TAP_RECONNECT_S: Final = 1.0
"""Pause between two tries to reach the desktop."""
STEP_EVENT_INTERVAL_S: Final = 0.1
"""At most one step event in this time."""
PROGRESS_LINE_S: Final = 0.1
"""At most one line of a long verb's progress in this time."""
RESOURCE_SAMPLE_S: Final = 1.0
"""How often CPU, memory, disk and GPU are sampled."""
STALL_AFTER_S: Final = 120.0
"""A phase before the first step that shows no progress for this long is named as stalled."""
RETRY_BACKOFF_S: Final = (2.0, 10.0, 30.0)
"""Pauses before the automatic retries of a transient failure; their number is the most retries."""
PLACE_BACKOFF_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses between tries to bring a run to a machine that is out of reach or at work; the last one is repeated."""
PLACE_PATIENCE_S: Final = 24 * 3600.0
"""So long a run waits for a machine that is out of reach; it waits for a device without end, as in the queue."""
DESCRIBE_TIMEOUT_S: Final = 20.0
"""A plugin whose import takes longer than this is reported as endless."""
TRIAL_TIMEOUT_S: Final = 180.0
"""How long trying one plugin out may take."""
CARD_TIMEOUT_S: Final = 120.0
"""How long building a model to count it may take, once torch is loaded."""
STORE_BUSY_TIMEOUT_S: Final = 10.0
"""How long a store connection waits for another writer."""
SPARE_WISH_S: Final = 20.0
"""How often an open window wishes for a spare engine process; the first time when it has been open so long."""
SPARE_WANTED_S: Final = 60.0
"""So long a spare engine process waits after a window last wished for one."""
SPARE_REFILL_S: Final = 30.0
"""So long after one was used the next one is started: the run that took it comes first."""
SPARE_RETRY_S: Final = 600.0
"""So long after one was started that never became ready the next one is tried."""
SPARE_ORDER_S: Final = 5.0
"""A spare that does not take its order in this time is ended, and a process is started afresh."""
