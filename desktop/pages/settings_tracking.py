"""Whether runs are tracked by MLflow, and where."""

from __future__ import annotations

from urllib.parse import urlsplit

from desktop.context import Context
from desktop.models.tracking_address import address_trouble, has_password, masked
from desktop.pages.settings_section import Section
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.labels import set_role
from desktop.widgets.secret_line import SecretLine
from desktop.widgets.segmented import Segmented
from desktop.widgets.setting_row import SettingCard, SettingRow
from desktop.widgets.switch import Switch
from engine.protocol.run_folder import RunFolder

LOCAL, SERVER = "local", "server"
ENABLED, ADDRESS = "tracking.enabled", "tracking.uri"
_ADDRESS_HELP = "Such as https://mlflow.example.org. User and password may stand in it."
_PASSWORD_HELP = "The password is hidden here; settings.json holds it as it is."
_LINE_WIDTH = 340


class TrackingSection(Section):
    """On or off, this computer or a server."""

    key, title, icon = "tracking", "Tracking", "ph.chart-line"
    lead = "Every run is also written down in MLflow, so that other tools can read it. It holds for new runs."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._last_address = context.settings.get(ADDRESS, "")
        self.switch = Switch(on=context.settings.get(ENABLED, True))
        self.switch.setAccessibleName("Track runs with MLflow")
        self.switch.toggled.connect(self._switched)
        self.place = Segmented(
            [(LOCAL, "This computer"), (SERVER, "A server")],
            SERVER if self._last_address else LOCAL,
            name="Place",
        )
        self.place.changed.connect(self._placed)
        self.address = SecretLine("Address of the MLflow server", masked)
        self.address.setPlaceholderText("https://HOST:PORT")
        self.address.setMinimumWidth(_LINE_WIDTH)
        self.address.show_value(self._last_address)
        self.address.entered.connect(self._entered)
        self.open_mlflow = Button("Open MLflow", "ph.arrow-square-out")
        self.open_mlflow.explain("Open MLflow's own pages in the browser")
        on_click(self.open_mlflow, self._open)
        self.enabled_row = SettingRow("Track runs with MLflow", "", [self.switch])
        self.place_row = SettingRow("Place", "", [self.place])
        self.address_row = SettingRow("Address", _ADDRESS_HELP, [self.address])
        self.open_row = SettingRow(
            "All tracked runs", "Curves, settings and files of every run.", [self.open_mlflow]
        )
        self.add(SettingCard(self.enabled_row, self.place_row, self.address_row, self.open_row))
        self._show()

    def _switched(self, on: bool) -> None:
        self.context.settings.set(ENABLED, on)
        self._show()

    def _placed(self, place: str) -> None:
        # Going to this computer and back brings the same server again.
        address = self._last_address if place == SERVER else ""
        self.context.settings.set(ADDRESS, address or None)
        self.address.show_value(address)
        self._show()
        if place == SERVER and not address:
            self.address.setFocus()

    def _entered(self, text: str) -> None:
        trouble = address_trouble(text)
        set_role(self.address, "invalid", bool(trouble))
        if trouble:
            self.address_row.say(trouble, "error")
            return
        self._last_address = text
        self.context.settings.set(ADDRESS, text or None)
        self.address.show_value(text)
        self._show()

    def _show(self) -> None:
        on, place = self.switch.isChecked(), self.place.current()
        self.enabled_row.say("Runs are tracked." if on else "Off: runs are only kept in Lensmith.")
        self.place_row.setVisible(on)
        local = f"A database in {self.context.home.mlflow}."
        self.place_row.say(local if place == LOCAL else "An MLflow server of your own, or of your team.")
        self.address_row.setVisible(on and place == SERVER)
        stored = self.context.settings.get(ADDRESS, "")
        self.address_row.say(_PASSWORD_HELP if has_password(stored) else _ADDRESS_HELP)
        set_role(self.address, "invalid", False)
        has_pages = place == LOCAL or urlsplit(stored).scheme in ("http", "https")
        self.open_row.setVisible(on and has_pages)

    def _open(self) -> None:
        self.context.mlflow.open_run(RunFolder(self.context.home.runs))
