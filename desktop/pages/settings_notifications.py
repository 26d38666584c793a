"""Who is told when a run ends: the desktop, and an address of the user's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from desktop.bridge.notifications import webhook_trouble
from desktop.context import Context
from desktop.models.tracking_address import MASK
from desktop.pages.settings_section import Section
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.labels import set_role
from desktop.widgets.secret_line import SecretLine
from desktop.widgets.setting_row import SettingCard, SettingRow
from desktop.widgets.switch import Switch

DESKTOP, WEBHOOK = "notifications.desktop", "notifications.webhook"
TEST_BODY: dict[str, object] = {
    "text": "Lensmith: this is a test.",
    "run": None,
    "name": "test",
    "state": "completed",
    "best_metric": None,
    "best_value": None,
    "failure": None,
}
_HELP = "Gets a POST with JSON when a run ends. Slack, Mattermost, ntfy and others show its text."
_LINE_WIDTH = 300


def masked_webhook(address: str) -> str:
    """Show only where a webhook goes: what stands after the host is often the secret itself."""
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return MASK
    return f"{parts.scheme}://{host}/{MASK}" if host else MASK


class NotificationsSection(Section):
    """Desktop notification and webhook."""

    key, title, icon = "notifications", "Notifications", "ph.bell"
    lead = "When a run has finished, failed, or does not answer any more."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.switch = Switch(on=context.settings.get(DESKTOP, True))
        self.switch.toggled.connect(self._switched)
        self.webhook = SecretLine("Address of the webhook", masked_webhook)
        self.webhook.setPlaceholderText("https://…  (optional)")
        self.webhook.setMinimumWidth(_LINE_WIDTH)
        self.webhook.show_value(context.settings.get(WEBHOOK, ""))
        self.webhook.entered.connect(self._entered)
        self.test_button = Button("Test", "ph.heartbeat")
        self.test_button.explain("Post a test message now")
        on_click(self.test_button, self.test)
        self.row = SettingRow("Webhook", _HELP, [self.webhook, self.test_button])
        desktop = SettingRow(
            "Desktop notification", "Shown while Lensmith's window is in the background.", [self.switch]
        )
        self.add(SettingCard(desktop, self.row))
        self._show()

    def test(self) -> None:
        """Post a test message and say how it went."""
        self.test_button.setEnabled(False)
        self.row.say("Posting …")
        address = self.context.settings.get(WEBHOOK, "")
        self.context.notifications.webhook.send(address, TEST_BODY, self._tested)

    def _tested(self, trouble: str) -> None:
        self.test_button.setEnabled(True)
        self.row.say(trouble or "The webhook took the test message.", "error" if trouble else "good")

    def _switched(self, on: bool) -> None:
        self.context.settings.set(DESKTOP, on)

    def _entered(self, text: str) -> None:
        trouble = webhook_trouble(text) if text else ""
        if MASK in text:
            trouble = "The address is hidden here: write the whole of it again."
        set_role(self.webhook, "invalid", bool(trouble))
        if trouble:
            self.row.say(trouble, "error")
            return
        self.context.settings.set(WEBHOOK, text or None)
        self.webhook.show_value(text)
        self._show()

    def _show(self) -> None:
        self.row.say(_HELP)
        self.test_button.setVisible(bool(self.context.settings.get(WEBHOOK, "")))
