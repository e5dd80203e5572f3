"""Apprise: messages through any of the services that library knows, one address for each."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

from helix_core import ConfigError, HelixError, Notifier, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apprise import Apprise
    from pydantic import SecretStr

    from helix_core import Notice, PluginConfig

_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
"""A comma separates addresses only where another address follows: an address may hold commas itself."""


class AppriseFailed(HelixError):
    """The service behind one address did not take a message; it is tried again."""


class AppriseNotifier(Notifier):
    """One address. Several addresses are several notifiers, so that one dead service costs the others nothing."""

    name = "apprise"
    position = 1

    def __init__(self, url: SecretStr) -> None:
        """`url` is one address in Apprise's form; it often holds a password."""
        self._url = url
        self._apprise: Apprise | None = None

    async def start(self) -> None:
        """Load the library and read the address, in a thread: the first time costs over half a second."""
        _silence("apprise", "urllib3.connectionpool")
        self._apprise = await asyncio.to_thread(self._read_address)

    async def notify(self, notice: Notice) -> None:
        """Send the text; the library never raises, its answer is true only when the service took the message."""
        if self._apprise is None or not await self._apprise.async_notify(body=notice.text, body_format="text"):
            message = f"the service of APPRISE_URLS address {self.position} did not take the message"
            raise AppriseFailed(message)

    def _read_address(self) -> Apprise:
        from apprise import Apprise  # noqa: PLC0415 - a slow import, paid for in the thread

        apprise = Apprise()
        if not apprise.add(self._url.get_secret_value()):
            message = (
                f"APPRISE_URLS: Apprise cannot read address {self.position}. Compare its form with the list of services"
                " on the pages of Apprise (the address is not shown here: it may hold a password)."
            )
            raise ConfigError(message)
        return apprise


@hookimpl
def helix_notifiers(config: PluginConfig) -> list[Notifier]:
    """Return one notifier for each address in APPRISE_URLS, none when it is empty."""
    return [_notifier(position, url) for position, url in enumerate(_addresses(config), start=1)]


def _notifier(position: int, url: SecretStr) -> Notifier:
    """Each address has a notifier class of its own: its name is its place in the outbox."""
    name = AppriseNotifier.name if position == 1 else f"{AppriseNotifier.name}_{position}"
    kind = type("AppriseNotifier", (AppriseNotifier,), {"name": name, "position": position})
    notifier: Notifier = kind(url)
    return notifier


def _addresses(config: PluginConfig) -> Iterable[SecretStr]:
    """The addresses of APPRISE_URLS: a list, or one text with commas between them."""
    from pydantic import SecretStr  # noqa: PLC0415 - as in helix_core.config: only for those who have a secret

    given = config.values.get("urls") or ()
    texts = given if isinstance(given, list | tuple) else [given]
    plain = [text.get_secret_value() if isinstance(text, SecretStr) else str(text) for text in texts]
    parts = [part.strip(" ,\t\n") for text in plain for part in _BETWEEN.split(text)]
    return [SecretStr(part) for part in parts if part]


def _silence(*names: str) -> None:
    """These logs write addresses, passwords and all. What failed is told by the exceptions of this file."""
    for name in names:
        logging.getLogger(name).addFilter(_nothing)


def _nothing(_record: logging.LogRecord) -> bool:
    return False
