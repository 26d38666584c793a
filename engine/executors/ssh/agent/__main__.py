"""The archive's beginning: `python3 agent.pyz serve ROOT`."""

from __future__ import annotations

from engine.executors.ssh.agent.serve import main

if __name__ == "__main__":
    main()
