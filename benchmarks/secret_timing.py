"""Does the time of a comparison tell how much of a guessed secret is right? `python benchmarks/secret_timing.py`.

Guesses that are wrong from the first character on, and guesses that are wrong in the last one only, are compared in
random order; then Welch's t says whether their times differ (|t| below 4.5: no difference is seen, as in dudect,
eprint.iacr.org/2016/1123). The same is asked of Python's `==`, which must be found out, else the probe sees nothing.
Exit code 1 when Helix differs, 2 when the probe is blind here.
"""

from __future__ import annotations

import argparse
import gc
import json
import secrets
import sys
from math import sqrt
from statistics import fmean, variance
from time import perf_counter_ns
from typing import TYPE_CHECKING

from pydantic import SecretStr

from helix_core.web.keyring import Keyring

if TYPE_CHECKING:
    from collections.abc import Callable

SUSPICIOUS_T = 4.5
KEPT = 0.9
"""The slowest tenth is what the rest of the machine did meanwhile."""
AS_LONG_AS_A_MESSAGE = 4096


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Welch's t-test on the comparison of secrets.")
    parser.add_argument("--samples", type=int, default=100_000, help="comparisons of each kind")
    samples = parser.parse_args().samples
    secret, long = secrets.token_urlsafe(32).encode(), secrets.token_bytes(AS_LONG_AS_A_MESSAGE)
    keyring = Keyring([SecretStr(secret.decode())])
    early, late = guesses(secret)
    probes: list[tuple[str, Callable[[bytes], bool], tuple[bytes, bytes]]] = [
        ("Helix, secret in a header", keyring.opens, (early, late)),
        ("Helix, secret in a message", keyring.rules_out, (_message(early), _message(late))),
        ("== on 4096 bytes (the control)", long.__eq__, guesses(long)),
    ]
    print("| comparison | wrong at once, ns | wrong at the end, ns | t |\n| --- | --: | --: | --: |")
    t = [_row(name, *measure(compare, *kinds, samples)) for name, compare, kinds in probes]
    if max(map(abs, t[:-1])) >= SUSPICIOUS_T:
        print(f"PROBLEM: a t of {SUSPICIOUS_T} or more tells the two kinds of guesses apart. Run it again, alone.")
        return 1
    if abs(t[-1]) < SUSPICIOUS_T:
        print("PROBLEM: the control was not found out: this machine is too busy to measure anything. Run it again.")
        return 2
    print("no difference is seen where there must be none, and one where there is one")
    return 0


def guesses(secret: bytes) -> tuple[bytes, bytes]:
    """One that is wrong in the first character, and one that is wrong in the last one only."""
    other = b"-" if secret[:1] != b"-" else b"+"
    last = b"-" if secret[-1:] != b"-" else b"+"
    return other + secret[1:], secret[:-1] + last


def measure(compare: Callable[[bytes], bool], early: bytes, late: bytes, samples: int) -> tuple[list[int], list[int]]:
    """Nanoseconds of each comparison, of both kinds, taken in random order."""
    kinds = (early, late)
    times: tuple[list[int], list[int]] = ([], [])
    coins = secrets.randbits(2 * samples)
    gc.disable()
    for _ in range(2 * samples):
        kind = coins & 1
        coins >>= 1
        guess = kinds[kind]
        begun = perf_counter_ns()
        compare(guess)
        times[kind].append(perf_counter_ns() - begun)
    gc.enable()
    return times


def welch(one: list[int], other: list[int]) -> float:
    """Welch's t of the two."""
    return (fmean(one) - fmean(other)) / sqrt(variance(one) / len(one) + variance(other) / len(other))


def _message(guess: bytes) -> bytes:
    return json.dumps({"signal": "BUY", "symbol": "BTC/USDT", "price": 1, "secret": guess.decode()}).encode()


def _row(name: str, early: list[int], late: list[int]) -> float:
    early, late = (sorted(times)[: int(KEPT * len(times))] for times in (early, late))
    t = welch(early, late)
    print(f"| {name} | {fmean(early):.0f} | {fmean(late):.0f} | {t:+.1f} |")
    return t


if __name__ == "__main__":
    sys.exit(main())
