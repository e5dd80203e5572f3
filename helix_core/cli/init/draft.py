"""The settings as they will be: what is given already, and what the owner answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from helix_core.clock import SystemClock
from helix_core.errors import ConfigError
from helix_core.plugins import exchange_modes, installed_exchanges, installed_plugins
from helix_core.settings import load
from helix_core.settings.names import prefix_of
from helix_core.settings.sources import DOTENV_FILE, ENVIRONMENT, SECRETS_FILE, SETTINGS_FILE, read_layers
from helix_core.settings.words import is_empty, read_disabled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from helix_core.settings import Settings

FED = "standard input"
_ADDRESSES = ("BASE_URL", "WS_URL")
_DISABLED = "DISABLED_PLUGINS"


class Draft:
    """Holds the answers until they are written.

    `.env` and the environment win over what is written, and settings.toml loses to it. An older .secrets.toml does not
    count: it is going to be replaced. `unanswered` are plugins whose turn has not come: they are judged later.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], fed: Mapping[str, str]) -> None:
        """`fed` is what came by standard input, all of which is written. Raises ConfigError for unreadable files."""
        self.unanswered: set[str] = set()
        self._folder, self._environ = folder, environ
        self._exchanges, self._plugins = installed_exchanges(), installed_plugins()  # once, for it takes a while
        self._modes = cache(lambda name: exchange_modes(name, SystemClock()))
        layers = read_layers(folder, {}, {SECRETS_FILE: {}})
        files = {layer.source: layer.values for layer in layers}
        self._has_settings = SETTINGS_FILE in files
        self._fed = dict(fed)
        self._given = [(ENVIRONMENT, environ), (DOTENV_FILE, files.get(DOTENV_FILE, {}))]
        self._defaults = files.get(SETTINGS_FILE, {})
        self._secret: dict[str, str] = {}
        self._plain: dict[str, str] = {}
        for variable, value in fed.items():
            self.put(variable, value, secret=True)

    def given(self, variable: str) -> tuple[str, str] | None:
        """Value and source, where the owner need not be asked."""
        for source, values in (*self._given, (FED, self._fed)):
            if not is_empty(values.get(variable)):
                return str(values[variable]), source
        return None

    def default(self, variable: str) -> str | None:
        """What settings.toml says."""
        value = self._defaults.get(variable)
        return None if is_empty(value) else str(value)

    def put(self, variable: str, value: str, *, secret: bool) -> None:
        """Take an answer. Raises ConfigError where another value wins over it."""
        for source, values in self._given:
            if not is_empty(values.get(variable)) and str(values[variable]) != value:
                raise ConfigError(
                    f"{variable} has another value in {source}, which wins over what helix init writes. "
                    "Take it out there, or leave it out here."
                )
        (self._secret if secret else self._plain)[variable] = value

    def drop(self, variable: str) -> None:
        """Forget an answer."""
        self._secret.pop(variable, None)
        self._plain.pop(variable, None)

    def adopt(self, variable: str, *, secret: bool) -> None:
        """Write down what this process was given and the bot's would not be. What stands in .env stays there."""
        found = self.given(variable)
        if found is not None and found[1] == ENVIRONMENT:
            self.put(variable, found[0], secret=secret)

    def adopt_addresses(self, name: str) -> None:
        """Write down where an exchange or a plugin was found, if that was not its own address."""
        for end in _ADDRESSES:
            self.adopt(f"{prefix_of(name)}_{end}", secret=False)

    def leave_out(self, plugin: str) -> None:
        """Have Helix run without a plugin."""
        self.put(_DISABLED, ",".join(sorted({*self.disabled(), plugin})), secret=False)
        self.unanswered.discard(plugin)

    def disabled(self) -> tuple[str, ...]:
        """Plugins that Helix runs without. Raises ConfigError."""
        given = self.given(_DISABLED)
        raw = given[0] if given else self._plain.get(_DISABLED) or self._defaults.get(_DISABLED)
        try:
            return read_disabled(raw)
        except ValueError as error:
            raise ConfigError(f"{_DISABLED} {error}") from None

    def settings(self) -> Settings:
        """All settings as they will be. Raises ConfigError with every problem."""
        without = ",".join({*self.disabled(), *self.unanswered})
        return load(
            self._folder,
            {**self._environ, _DISABLED: without} if self.unanswered else self._environ,
            exchanges=self._exchanges,
            plugins=self._plugins,
            exchange_modes=self._modes,
            drafts=self.files(),
        )

    def problems(self, variable: str = "") -> list[str]:
        """What is wrong with one setting, or with all that there are."""
        try:
            self.settings()
        except ConfigError as error:
            return [problem for problem in error.problems if problem.startswith(variable)]
        return []

    def files(self) -> dict[str, dict[str, str]]:
        """What will be written, by file; the secrets come last.

        A settings.toml that is there is left alone: what is written beside it wins over it.
        """
        if self._has_settings:
            return {SECRETS_FILE: {**self._plain, **self._secret}}
        return {SETTINGS_FILE: dict(self._plain), SECRETS_FILE: dict(self._secret)}
