"""Makes the site: pages and what they link to go into build/pages, Zensical turns them into HTML, strictly.

A link that leaves docs/ leads to a page in the repository, or to a file of it. Such a page becomes one of the site; of
such a file the site gets a page with its text. So the site is whole in itself: it needs no network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "build" / "pages"
SITE = ROOT / "site"
OUTSIDE_DOCS = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "helix_binance/README.md": "binance.md",
    "helix_kraken/README.md": "kraken.md",
    "plugins/helix-risk-extras/README.md": "risk-extras.md",
}
LANGUAGES = {".py": "python", ".toml": "toml", ".yml": "yaml", ".json": "json", ".sh": "sh"}
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`]+`")
_FETCHED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")


class Pages:
    """Everything that becomes a page; what a link leads to is added as it is met."""

    def __init__(self, folder: Path = PAGES) -> None:
        """Begin with the pages of docs/ and those beside them that belong to the site; `folder` is for what is made."""
        self._folder = folder
        self._places = {f"docs/{path.name}": path.name for path in (ROOT / "docs").glob("*.md")} | OUTSIDE_DOCS

    def write(self) -> None:
        """Write them all."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for source, place in list(self._places.items()):
            text = (ROOT / source).read_text("utf-8")
            (self._folder / place).write_text(self._rewritten(text, source, place), "utf-8")

    def _rewritten(self, text: str, source: str, place: str) -> str:
        """The text of a page with links that hold on the site."""
        lines, fenced = [], False
        for line in text.splitlines():
            fenced ^= line.lstrip().startswith("```")
            lines.append(line if fenced else self._line(line, source, place))
        return "\n".join(lines) + "\n"

    def _line(self, line: str, source: str, place: str) -> str:
        linked = _LINK.sub(lambda link: f"]({self._target(link[1], source, place)})", line)
        if not linked.startswith("|"):
            return linked
        return _CODE.sub(lambda code: code[0].replace("\\|", "|"), linked)  # code hosts need what would be shown here

    def _target(self, target: str, source: str, place: str) -> str:
        path, mark, fragment = target.partition("#")
        if not path or "://" in target or target.startswith("mailto:"):
            return target
        file = ((ROOT / source).parent / path).resolve()
        led_to = str(file.relative_to(ROOT))
        if led_to not in self._places:
            self._add(file, led_to)
        here = PurePosixPath(place).parent
        up = "" if str(here) == "." else "../" * len(here.parts)
        return f"{up}{self._places[led_to]}{mark}{fragment}"

    def _add(self, file: Path, led_to: str) -> None:
        """Make a page of a file's text, or of a folder's list of files."""
        self._places[led_to] = f"files/{led_to.replace('/', '-')}.md"
        if file.is_dir():
            names = sorted(path.name + "/" * path.is_dir() for path in file.iterdir() if path.name[0] not in "._")
            body = "\n".join(f"- `{name}`" for name in names)
        else:
            body = f"````{LANGUAGES.get(file.suffix, 'text')}\n{file.read_text('utf-8')}\n````"
        page = self._folder / self._places[led_to]
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"# {led_to}\n\nPart of the repository, as it was when the site was made.\n\n{body}\n", "utf-8")


def fetched(site: Path) -> list[str]:
    """What a browser would fetch from elsewhere, page by page."""
    return [
        f"{page.relative_to(site)}: {tag[0]}"
        for page in sorted(site.rglob("*.html"))
        for tag in _FETCHED.finditer(page.read_text("utf-8"))
        if 'rel="canonical"' not in tag[0]
    ]


def main() -> int:
    """Make the site; 1 when a link, an anchor or a page is broken, or anything would be fetched from elsewhere."""
    Pages().write()
    zensical = Path(sys.executable).with_name("zensical")
    built = subprocess.run([zensical, "build", "--strict", "--clean"], cwd=ROOT, check=False)  # noqa: S603 - ours
    if built.returncode:
        return 1
    problems = fetched(SITE)
    print("\n".join(problems) or f"The site is in {SITE.name}/: open {SITE.name}/index.html")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
