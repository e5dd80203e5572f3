"""One bot's folder, and settings that are complete but for what a test changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from helix_core.settings import Settings

COMPLETE = {
    "ACTIVE_EXCHANGE": "acme",
    "ACME_API_KEY": "planted-acme-api-key",
    "ACME_API_SECRET": "planted-acme-api-secret",
    "WEBHOOK_SECRET": "planted-webhook-secret",
    "TELEGRAM_BOT_TOKEN": "123456:planted-bot-token",
    "TELEGRAM_CHAT_ID": "-1001234567",
}


class Bot:
    """A working folder and an environment to load settings from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = dict(COMPLETE)

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def load(self, **changes: str | None) -> Settings:
        environ = {name: text for name, text in {**self.environ, **changes}.items() if text is not None}
        return load(self.folder, environ, exchanges=("acme", "zenith"), plugins=("telegram", "max-spread", "risk"))


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(tmp_path)
