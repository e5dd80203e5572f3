"""The environments of programs that are measured beside Helix, each its own, out of its own list of pinned packages."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from figures import CannotMeasure

HERE = Path(__file__).parent
_PLACE = HERE.parent / "build" / "benchmarks"
_PATIENCE_S = 900.0


def python_with(name: str) -> str:
    """The interpreter with the packages of `benchmarks/NAME.txt`; they are installed on first use, into build/.

    Raises CannotMeasure where they cannot be.
    """
    wanted = HERE / f"{name}.txt"
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    python, stamp = _PLACE / name / "bin" / "python", _PLACE / name / "ready"
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == digest):
        print(f"installing the packages of benchmarks/{name}.txt, once ...", file=sys.stderr, flush=True)
        _run(sys.executable, "-m", "venv", "--clear", str(_PLACE / name))
        pip = (str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes")
        _run(*pip, "--requirement", str(wanted))
        stamp.write_text(digest, encoding="utf-8")
    return str(python)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as late:
        raise CannotMeasure(f"`{' '.join(command)}` took longer than {_PATIENCE_S:.0f} s") from late
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CannotMeasure(f"`{' '.join(command)}` failed: {' '.join(last)}")
