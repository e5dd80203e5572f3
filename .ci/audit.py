"""Ask OSV (https://osv.dev) about the known vulnerabilities of every pinned dependency, by pip-audit.

    make audit                                   ends with an error when one is vulnerable, or could not be asked about
    make audit ARGS=--unreachable-is-no-failure  as CI does: a machine without a way to OSV says so loudly, and goes on

pip-audit itself calls a run without an answer "no known vulnerabilities"; here only an answer for every pin is one.
What follows `--` goes to pip-audit: `-- --ignore-vuln ID` for one that was looked at and does not concern Helix.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 3
_OSV = "https://api.osv.dev/v1/query"
_LONGEST_S = 300


def main(arguments: list[str]) -> int:
    """Audit; print what was found. Returns CLEAN, VULNERABLE or NOT_ASKED."""
    parser = argparse.ArgumentParser(description="Known vulnerabilities of the pinned dependencies.")
    parser.add_argument("pins", nargs="?", type=Path, default=Path(__file__).parents[1] / "requirements.txt")
    parser.add_argument("--osv-url", default=_OSV, help="another server that answers as OSV does")
    parser.add_argument("--unreachable-is-no-failure", action="store_true", help="say loudly that nobody was asked")
    own, passed_on = _split(arguments)
    options = parser.parse_args(own)
    report, complaint = _ask(options.pins, options.osv_url, passed_on)
    code, said = verdict(report, complaint)
    print(said)
    return CLEAN if code == NOT_ASKED and options.unreachable_is_no_failure else code


def verdict(report: str, complaint: str) -> tuple[int, str]:
    """What pip-audit's JSON comes to, as an exit code and a text. `complaint` is what it said when it gave none."""
    try:
        asked = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return NOT_ASKED, _not_asked("any dependency", complaint or "pip-audit gave no report")
    found = [(one["name"], one["version"], flaw) for one in asked for flaw in one.get("vulns", ())]
    skipped = [one for one in asked if "skip_reason" in one]
    if found:
        rows = [f"  {name} {version}: {flaw['id']} {_cure(flaw)}" for name, version, flaw in found]
        return VULNERABLE, "\n".join(["VULNERABLE DEPENDENCIES. Raise them in pyproject.toml, then: make lock", *rows])
    if skipped or not asked:
        return NOT_ASKED, _not_asked(
            f"{len(skipped)} of {len(asked)} dependencies", skipped[0]["skip_reason"] if skipped else "no pins"
        )
    return CLEAN, f"OSV knows of no vulnerability in any of {len(asked)} pinned dependencies."


def _cure(flaw: dict[str, list[str]]) -> str:
    return (
        f"is mended in {', '.join(flaw['fix_versions'])}"
        if flaw.get("fix_versions")
        else "has no version that mends it"
    )


def _not_asked(which: str, why: str) -> str:
    lines = ("NOT AUDITED", f"Nobody could be asked about {which}:", why, "Run `make audit` where OSV can be reached.")
    return "\n".join(["*" * 100, *(f"*** {line}" for line in lines), "*" * 100])


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _ask(pins: Path, url: str, passed_on: list[str]) -> tuple[str, str]:
    """pip-audit's report, and the last line of what it complained of. The pins' hashes make any resolving needless."""
    how = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    service = ["--vulnerability-service", "osv", "--osv-url", url]
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(pins), *how, *service, *passed_on]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)  # noqa: S603 - a list of our own
    except subprocess.TimeoutExpired:
        return "", f"no answer within {_LONGEST_S} s"
    return ended.stdout, (ended.stderr.strip().splitlines() or [""])[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
