"""Load, ask, check: one run of the loader, with everything that went wrong in it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from helix_core.config import PluginConfig
from helix_core.contracts.notifier import Notifier
from helix_core.contracts.risk import RiskCheck
from helix_core.contracts.signal_source import SignalSource
from helix_core.domain.risk import ENTRY_GATES
from helix_core.errors import ConfigError, HelixError, PluginError
from helix_core.plugins.collecting import Collected
from helix_core.plugins.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helix_core.plugins.provider import Provider

ValuesOf = Callable[[str], Mapping[str, object]]
"""A plugin's own settings by its name."""

KINDS: dict[str, type] = {
    "helix_risk_checks": RiskCheck,
    "helix_notifiers": Notifier,
    "helix_signal_sources": SignalSource,
}
PLUGIN_HOOKS = (*KINDS, "helix_introductions")
"""What a plugin may implement. Introductions are for `helix init`: a bot that boots asks for none."""
_ESSENTIAL = frozenset({"risk", *ENTRY_GATES})


class Loading:
    """One run of the loader, with all that went wrong in it."""

    def __init__(self, values_of: ValuesOf, disabled: frozenset[str]) -> None:
        """Start with nothing loaded."""
        self.found = {hook: Collected(hook, contract) for hook, contract in KINDS.items()}
        self._values_of, self._disabled = values_of, disabled
        self._registry = Registry()
        self._loaded: list[Provider] = []
        self._left_out: list[Provider] = []
        self._problems: list[HelixError] = []

    def load(self, candidates: Sequence[Provider]) -> None:
        """Import and register each plugin by itself."""
        self._check_disabled({candidate.name for candidate in candidates})
        names: dict[str, Provider] = {}
        for candidate in candidates:
            other = names.setdefault(candidate.name, candidate)
            if other is not candidate:
                self._problems.append(
                    PluginError(
                        f"The plugin {candidate.name} is provided twice: by {other} and by {candidate}. Remove one."
                    )
                )
            elif candidate.name in self._disabled:
                self._left_out.append(candidate)
            else:
                self._load_one(candidate)

    def collect(self) -> None:
        """Ask each plugin by itself for what it has of each kind, and see that nothing essential is missing."""
        for hook, collected in self.found.items():
            for provider in self._loaded:
                if hook in self._registry.hooks(provider):
                    self._ask(provider, hook, collected)
        if not self._problems:
            self._check_complete()

    def raise_problems(self) -> None:
        """Raise all problems as one error."""
        of_settings = [problem for problem in self._problems if isinstance(problem, ConfigError)]
        if len(of_settings) < len(self._problems):
            raise PluginError("\n".join(str(problem) for problem in self._problems)) from self._problems[0]
        if of_settings:
            raise ConfigError(*(text for problem in of_settings for text in problem.problems))

    def listing(self) -> list[dict[str, object]]:
        """What was loaded and what was left out."""
        loaded = [provider.row(self._kinds(provider), "loaded") for provider in self._loaded]
        return [*loaded, *(provider.row([], "disabled") for provider in self._left_out)]

    def _check_disabled(self, known: set[str]) -> None:
        for name in sorted(self._disabled):
            if name in _ESSENTIAL:
                text = f"DISABLED_PLUGINS has {name} in it, and no setting switches a gate off. Delete the name."
                self._problems.append(ConfigError(text))
            elif name not in known:
                meant = next(iter(difflib.get_close_matches(name, known, n=1)), None)
                fix = f"Did you mean {meant}?" if meant else "Delete the name."
                text = f"DISABLED_PLUGINS has {name} in it, and no plugin of that name is installed. {fix}"
                self._problems.append(ConfigError(text))

    def _load_one(self, provider: Provider) -> None:
        try:
            self._registry.add(provider, provider.load(), allowed=PLUGIN_HOOKS)
        except HelixError as error:
            self._problems.append(error)
        else:
            self._loaded.append(provider)

    def _ask(self, provider: Provider, hook: str, collected: Collected) -> None:
        try:
            config = PluginConfig(name=provider.name, values=self._values_of(provider.name))
            collected.take(provider, self._registry.ask(provider, hook, config))
        except HelixError as error:
            self._problems.append(error)

    def _check_complete(self) -> None:
        missing = [gate for gate in ENTRY_GATES if gate not in self.found["helix_risk_checks"].names(first_party=True)]
        if missing:
            text = f"Gates are missing: {', '.join(missing)}. Nothing is traded without all seven."
            self._problems.append(PluginError(f"{text} Install helix-core again."))
        if not self.found["helix_signal_sources"].objects:
            text = "No plugin reads signals, so the webhook would be deaf. Take tradingview out of DISABLED_PLUGINS."
            self._problems.append(ConfigError(text))

    def _kinds(self, provider: Provider) -> list[str]:
        return kinds_of(self._registry, provider)


def kinds_of(registry: Registry, provider: Provider) -> list[str]:
    """What a registered plugin provides, as it is listed."""
    return [hook.removeprefix("helix_") for hook in registry.hooks(provider) if hook in KINDS]
