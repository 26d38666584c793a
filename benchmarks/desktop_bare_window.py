"""The least that a window with a chart can be: PySide6, pyqtgraph, one curve. What ours is compared with."""

from __future__ import annotations

import sys


def main() -> int:
    """Show it, print when its first frame was painted, and end."""
    from pyqtgraph import PlotWidget
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    application = QApplication(sys.argv)
    window = QMainWindow()
    plot = PlotWidget()
    plot.plot([1, 3, 2, 4])
    window.setCentralWidget(plot)
    window.resize(1440, 900)

    class Watch(QObject):
        """Waits for the first painting."""

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                plot.viewport().removeEventFilter(self)
                QTimer.singleShot(0, report)  # comes when the frame is painted
            return super().eventFilter(watched, event)

    def report() -> None:
        print("{}", flush=True)
        application.quit()

    watch = Watch()
    plot.viewport().installEventFilter(watch)
    window.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
