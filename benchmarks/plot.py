"""Distributions as an SVG picture that needs nothing else: what share of a program's times is within how many ms."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 980, 380, 60, 240, 40, 46
_COLOURS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#d55e00", "#0072b2", "#cc79a7")
"""Those of Okabe and Ito, which nearly everybody can tell apart."""
_STEPS = (1, 2, 5)


def shares(title: str, times_ms: Mapping[str, Sequence[float]]) -> str:
    """One line for each program; the scale of milliseconds is logarithmic."""
    lowest, highest = (pick(map(pick, times_ms.values())) for pick in (min, max))
    left, right = floor(log10(lowest) * 3) / 3, ceil(log10(highest) * 3) / 3

    def x(ms: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (log10(ms) - left) / (right - left)

    def y(share: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    marks = [step * 10**power for power in range(floor(left), ceil(right) + 1) for step in _STEPS]
    parts = [_mark(x(ms), f"{ms:g}") for ms in marks if left <= log10(ms) <= right]
    parts += [_level(y(percent / 100), f"{percent} %") for percent in (0, 25, 50, 75, 100)]
    for n, (name, values) in enumerate(times_ms.items()):
        ordered, colour = sorted(values), _COLOURS[n % len(_COLOURS)]
        steps = "".join(f"H{x(ms):.1f}V{y(place / len(ordered)):.1f}" for place, ms in enumerate(ordered, 1))
        parts.append(f'<path d="M{x(ordered[0]):.1f},{y(0):.1f}{steps}" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(_WIDTH - _RIGHT + 14, _TOP + 14 + 22 * n, name, "start", colour))
    parts += [_text(_LEFT, 22, title, "start"), _text(_WIDTH - _RIGHT, _HEIGHT - 8, "milliseconds", "end")]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" fill="none" '
        f'font-family="sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _mark(x: float, text: str) -> str:
    line = f'<path d="M{x:.1f},{_TOP}V{_HEIGHT - _BOTTOM}" stroke="#dddddd"/>'
    return line + _text(x, _HEIGHT - _BOTTOM + 18, text, "middle")


def _level(y: float, text: str) -> str:
    return f'<path d="M{_LEFT},{y:.1f}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>{_text(_LEFT - 8, y + 4, text, "end")}'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
