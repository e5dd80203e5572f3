"""The contract of an introduction: how a plugin comes to know its owner, for `helix init`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from helix_core.config import PluginConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A setting that only the owner can give.

    `key` is its name in the plugin's settings, `asks` says what is wanted in two or three words, `where` how to get it.
    """

    key: str
    asks: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who wrote. `value` is what is written down if it is the owner, `who` and `said` are for recognising."""

    value: str
    who: str
    said: str


class Introduction(ABC):
    """What a plugin asks its owner, and how it then finds out by itself where to reach them.

    A plugin has one at most, of its own `name`. `label` is what people call the medium, `purpose` what it is good for.
    The `questions` are asked in their order, without an echo. Then the owner writes to the medium, and what identifies
    them becomes the setting that `finds` names. All of it goes into `.secrets.toml`, so that a plugin reads it with
    `PluginConfig.secret`.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    purpose: ClassVar[str]
    questions: ClassVar[tuple[Question, ...]]
    finds: ClassVar[Question]

    @abstractmethod
    async def begin(self, config: PluginConfig) -> str:
        """Prove the answers in `config`, and return in one sentence what the owner has to do to be found.

        Raises ConfigError when an answer is wrong, another HelixError when the medium cannot be reached. Called again
        after that.
        """

    @abstractmethod
    async def caller(self) -> Caller:
        """Wait for the next one who writes, until cancelled. Raises HelixError when the medium cannot be reached."""

    async def end(self) -> None:
        """Release what `begin` opened. Calling it twice, or before `begin`, is fine."""
