"""One name, and everything that is called after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helix_core.domain.risk import ENTRY_GATES
from helix_core.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LONGEST = 30
_TEMPLATE_VENUE = "bybit"
_OWN = {"core", "plugins", "paper", "exchange"}


@dataclass(frozen=True, slots=True)
class Naming:
    """The names that follow from `plugin`, which is what Helix will call it: `max-spread`."""

    plugin: str

    @classmethod
    def checked(cls, text: str) -> Naming:
        """Take the owner's text as a name. Raises ConfigError with the fix."""
        name = text.removeprefix("helix-")
        if not _NAME.fullmatch(name) or len(name) > _LONGEST:
            raise ConfigError(
                f"{text!r} is no name for a plugin. Use small letters, digits and single hyphens, a letter first, at "
                f"most {_LONGEST} characters: {_mended(name)}"
            )
        _refuse_taken(name)
        return cls(name)

    @property
    def distribution(self) -> str:
        """What pip calls it, and its folder."""
        return f"helix-{self.plugin}"

    @property
    def words(self) -> dict[str, str]:
        """The words that templates are filled in with."""
        snake, title = self.plugin.replace("-", "_"), self.plugin.replace("-", " ").capitalize()
        return {
            "plugin": self.plugin,
            "distribution": self.distribution,
            "package": f"helix_{snake}",
            "snake": snake,
            "prefix": snake.upper(),
            "class_name": "".join(part.capitalize() for part in self.plugin.split("-")),
            "title": title,
            # The exchange template speaks one venue's protocol; under another name it says so wherever it is named.
            "label": title if self.plugin == _TEMPLATE_VENUE else f"{title} (still {_TEMPLATE_VENUE.capitalize()})",
        }


def _mended(text: str) -> str:
    """The nearest good name to `text`, or an example."""
    parts = re.findall(r"[a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", text).lower())
    mended = "-".join(parts).lstrip("0123456789-")[:_LONGEST].rstrip("-")
    return mended if _NAME.fullmatch(mended) else "max-spread"


def _refuse_taken(name: str) -> None:
    from helix_core.plugins import DEFAULT_PLUGINS, installed_exchanges, installed_plugins  # noqa: PLC0415 - slow
    from helix_core.settings.model import Settings  # noqa: PLC0415 - likewise

    own = _OWN | {module.rpartition(".")[2] for module in DEFAULT_PLUGINS}
    if name in own or name.replace("-", "_") in ENTRY_GATES:
        raise ConfigError(f"{name} is a name of Helix's own. Choose another, like my-{name}.")
    if name in {*installed_exchanges(), *installed_plugins()}:
        raise ConfigError(
            f"A plugin named {name} is installed already, and two of one name do not start. Choose another name, or "
            "uninstall that one first (helix plugins says where it comes from)."
        )
    prefix = f"{name.replace('-', '_')}_"
    if any(field.startswith(prefix) for field in Settings.model_fields):
        raise ConfigError(
            f"Settings that begin with {prefix.upper()} are Helix's own, so {name} could have none. "
            f"Choose another, like my-{name}."
        )
