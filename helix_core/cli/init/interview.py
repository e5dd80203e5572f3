"""Questions at the terminal. Each can be answered beforehand: by a flag, the environment, .env or standard input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from helix_core.cli.speaking import console, errors
from helix_core.errors import ConfigError, HelixError
from helix_core.settings.sources import SECRETS_FILE, SETTINGS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.cli.init.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One setting that is asked for: its variable, two or three words for it, and where the owner finds it.

    `flag` is the option that answers it, without one it is a secret; `default` and `choices` may be there.
    """

    variable: str
    words: str
    where: str = ""
    flag: str = ""
    default: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> bool:
        """True for what is typed without an echo and written where only the owner can read it."""
        return not self.flag

    @property
    def absent(self) -> str:
        """The sentence for a script that has not answered it."""
        if self.secret:
            return f"{self.variable} is not given. Set it in the environment, or feed it with --stdin. {self.where}"
        return f"{self.variable} is not given. Add {self.flag} {'|'.join(self.choices)}".rstrip()


class Interview:
    """Fills a draft. Without a terminal it asks nothing, and keeps what is `missing`."""

    def __init__(self, draft: Draft, flags: Mapping[str, str | None], *, asks: bool) -> None:
        """`flags` are the answers given as options, by variable."""
        self.draft, self.asks, self._flags = draft, asks, flags
        self._missing: list[str] = []
        self._typed: set[str] = set()

    def take(self, asked: Asked) -> str | None:
        """The answer, checked and put into the draft; None, and noted as missing, where nobody can be asked."""
        given = self._given(asked)
        if given is not None:
            self._judge(asked, given)
            return given
        if not self.asks:
            if asked.default is None:
                self._missing.append(asked.absent)
                return None
            self._put(asked, asked.default)
            self._judge(asked, asked.default)
            return asked.default
        console.print()
        if asked.where:
            console.print(asked.where, markup=False)
        return self._ask(asked)

    def retake(self, *questions: Asked) -> None:
        """Ask again for what was typed wrongly. Raises ConfigError for what was not typed here."""
        elsewhere = [asked.variable for asked in questions if asked.variable not in self._typed]
        if elsewhere:
            raise ConfigError(f"{' and '.join(elsewhere)}: mend it where it was given, and run helix init again.")
        for asked in questions:
            self.draft.drop(asked.variable)
        for asked in questions:
            self._ask(asked)

    def confirm(self, question: str, *, default: bool | None = None) -> bool:
        """Yes or no."""
        return typer.confirm(question, default=default)

    def again(self, error: HelixError) -> None:
        """Return where the owner wants to try once more. Raises `error` where nobody can be asked, else Abort."""
        if not self.asks:
            raise error
        errors.print(f"problem  {error}", markup=False)
        if not self.confirm("Try again?", default=True):
            raise typer.Abort

    def raise_missing(self) -> None:
        """Raise ConfigError for all that nobody has answered."""
        if self._missing:
            raise ConfigError(*self._missing)

    def _given(self, asked: Asked) -> str | None:
        flag = self._flags.get(asked.variable)
        if flag is not None:
            self._put(asked, flag)
            return flag
        found = self.draft.given(asked.variable)
        if found is None:
            return None
        value, source = found
        self.draft.adopt(asked.variable, secret=asked.secret)
        console.print(f"{asked.variable}: {'taken' if asked.secret else value} from {source}", markup=False)
        return value

    def _ask(self, asked: Asked) -> str:
        """Ask until the answer is one."""
        for number, (name, meaning) in enumerate(asked.choices.items(), start=1):
            console.print(f"  {number}  {name:<10} {meaning}".rstrip(), markup=False)
        while True:
            typed = typer.prompt(asked.words, default=asked.default, hide_input=asked.secret).strip()
            answer = self._chosen(asked, typed)
            if answer is None:
                continue
            self._put(asked, answer)
            problems = self._problems(asked)
            if not problems:
                self._typed.add(asked.variable)
                return answer
            self.draft.drop(asked.variable)
            for problem in problems:
                errors.print(problem, markup=False)

    def _chosen(self, asked: Asked, typed: str) -> str | None:
        if not typed or not asked.choices:
            return typed or None
        names = list(asked.choices)
        if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(names):
            return names[int(typed) - 1]
        if typed.lower() in names:
            return typed.lower()
        errors.print(f"Type a number from 1 to {len(names)}, or one of {', '.join(names)}.", markup=False)
        return None

    def _put(self, asked: Asked, answer: str) -> None:
        self.draft.put(asked.variable, answer, secret=asked.secret)

    def _judge(self, asked: Asked, answer: str) -> None:
        """Raise ConfigError where an answer that was given beforehand is none."""
        problems = self._problems(asked)
        if problems:
            raise ConfigError(*problems)
        if asked.choices and answer.lower() not in asked.choices:
            raise ConfigError(f"{asked.variable} is {answer!r}. Choose one of {', '.join(asked.choices)}.")

    def _problems(self, asked: Asked) -> list[str]:
        """Without the file where the answer would stand: it is not there yet."""
        told = self.draft.problems(asked.variable)
        return [problem.replace(f" ({SECRETS_FILE})", "").replace(f" ({SETTINGS_FILE})", "") for problem in told]
