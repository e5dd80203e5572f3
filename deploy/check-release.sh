#!/usr/bin/env bash
# Builds what is published, and tries it out as a stranger would: into dist/ come the sdist and the wheel of each distribution,
# a bill of materials (CycloneDX) and SHA256SUMS. docs/releasing.md is about it.
#
#   deploy/check-release.sh             all of it: 3.11, 3.12 and 3.13, whichever are here
#   PYTHONS="3.12" ...                  only that one
#   NEWEST=yes ...                      with the newest dependencies that are allowed, not those of requirements.txt
#   FINAL=yes ...                       for the day itself: all that is skipped counts as a problem, and CHANGELOG.md must be dated
#
# What is built must be the same to the byte when it is built again in another folder. Dependencies are fetched once for each
# Python into a folder; then everything is installed from that folder alone, without any index.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHONS=${PYTHONS:-3.11 3.12 3.13}
DIST=dist
PYTHON=$PWD/.venv/bin/python
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
FAILED=0 SKIPPED=0

ok() { echo "ok       $*"; }
skip() { echo "skipped  $*" && SKIPPED=$((SKIPPED + 1)); }
problem() { echo "PROBLEM  $*" && FAILED=$((FAILED + 1)); }

# check NAME COMMAND...: quiet when all is well; else what it says.
check() {
  local name=$1
  shift
  if "$@" > "$WORK/said" 2>&1; then ok "$name"; else problem "$name" && tail -40 "$WORK/said" && return 1; fi
}

# build FROM INTO: the sdist of each distribution, and its wheel from that sdist. The clock of the build is that of the last
# commit, so that whoever has the commit can build the same bytes.
build() {
  local project
  for project in . helix_binance helix_kraken plugins/helix-risk-extras; do
    (cd "$1/$project" && "$PYTHON" -m build --no-isolation --outdir "$2") > "$WORK/said" 2>&1 || {
      tail -20 "$WORK/said" >&2
      problem "$project is not built"
      exit 1
    }
  done
}

build_twice() {
  local copy="$WORK/a copy of somebody else" file differs=
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
  rm -rf "$DIST"
  build . "$PWD/$DIST"
  ok "built: $(cd "$DIST" && echo ./* | tr ' ' '\n' | wc -l) files of version $VERSION"
  mkdir "$copy"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -f "$file" ] || { mkdir -p "$copy/$(dirname "$file")" && cat "$file" > "$copy/$file"; }
  done
  (umask 077 && TZ=Asia/Tokyo build "$copy" "$WORK/again")
  for file in "$DIST"/*; do
    cmp -s "$file" "$WORK/again/$(basename "$file")" || differs="$differs $(basename "$file")"
  done
  if [ -z "$differs" ]; then ok "built again elsewhere, on another day: the same bytes"; else problem "not the same when built again:$differs"; fi
}

# The tools that look at a release have no business beside what is developed; they come, hashes checked, into a folder of theirs.
fetch_tools() {
  "$PYTHON" -m venv "$WORK/tools"
  "$WORK/tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement deploy/release-tools.txt > "$WORK/said" 2>&1
}

check_changelog() {
  if grep -q "^## \[$VERSION\] - [0-9-]*$" CHANGELOG.md; then
    ok "CHANGELOG.md has a date for $VERSION"
  else
    skip "CHANGELOG.md has no date for $VERSION yet"
  fi
}

# find_python 3.12: its path, if it is here: on the path, or where pyenv keeps it.
find_python() {
  local python
  for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
    "$python" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" > /dev/null 2>&1 || continue
    command -v "$python"
    return
  done
  return 1
}

# fetch_index PYTHON FOLDER: our wheels, and wheels of all they need, as that Python takes them.
fetch_index() {
  local pins=(--constraint "$WORK/pins.txt")
  [ -z "${NEWEST:-}" ] || pins=()
  cp "$DIST"/*.whl "$2"
  "$1" -m pip download --quiet --disable-pip-version-check --only-binary :all: --dest "$2" --find-links "$DIST" "${pins[@]}" "$DIST"/*.whl
}

check_python() {
  local version=$1 python index="$WORK/index-$1"
  python=$(find_python "$version") || { skip "Python $version is not here" && return; }
  mkdir "$index"
  check "$("$python" --version): dependencies fetched" fetch_index "$python" "$index" 2>/dev/null || return 0
  check "$("$python" --version): from wheels to a position with a stop, and a clean end" \
    "$PYTHON" benchmarks/first_minutes.py wheels --index "$index" --python "$python" || return 0
  sed -n '/^| step/,$p' "$WORK/said"
  INDEX=${INDEX:-$index} INDEX_PYTHON=${INDEX_PYTHON:-$python}
}

# bill_says FILE: how many components it names, and which of them without a licence.
bill_says() {
  "$PYTHON" -c 'import json, sys
bill = json.load(open(sys.argv[1]))
assert bill["bomFormat"] == "CycloneDX", "not a CycloneDX bill of materials"
without = [one["name"] for one in bill["components"] if not one.get("licenses")]
print(len(bill["components"]), "components, without a licence:", ", ".join(without) or "none")' "$1"
}

# What there is where all of it is installed: names, versions, licences, and who needs whom.
write_bill_of_materials() {
  [ -n "${INDEX:-}" ] || { skip "bill of materials: nothing was installed" && return; }
  "$INDEX_PYTHON" -m venv --without-pip "$WORK/installed"
  "$WORK/tools/bin/pip" --python "$WORK/installed/bin/python" install --quiet --disable-pip-version-check --no-index --find-links "$INDEX" "$DIST"/*.whl
  check "bill of materials written" "$WORK/tools/bin/cyclonedx-py" environment --output-reproducible --pyproject pyproject.toml --spec-version 1.6 \
    --output-file "$DIST/helix-$VERSION.cdx.json" "$WORK/installed/bin/python" || return 0
  ok "bill of materials: $(bill_says "$DIST/helix-$VERSION.cdx.json")"
}

[ -x "$PYTHON" ] || { echo "There is no .venv yet. Run this as: make release-check" >&2 && exit 1; }
VERSION=$("$PYTHON" -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
sed -e 's/ *\\$//' -e '/^ *--hash/d' requirements.txt > "$WORK/pins.txt"

check_changelog
build_twice
if fetch_tools; then
  check "twine check --strict" "$WORK/tools/bin/twine" check --strict "$DIST"/*.whl "$DIST"/*.tar.gz || true
else
  tail -3 "$WORK/said"
  skip "twine and the bill of materials: the tools cannot be fetched"
fi
check "contents, metadata, versions (tests/packaging)" "$PYTHON" -m pytest tests/packaging -m packaging -n 0 || true
for version in $PYTHONS; do check_python "$version"; done
[ ! -x "$WORK/tools/bin/cyclonedx-py" ] || write_bill_of_materials
(cd "$DIST" && sha256sum ./* | sed 's# \./# #' > "$WORK/SHA256SUMS" && mv "$WORK/SHA256SUMS" .)
echo "$FAILED problems, $SKIPPED skipped; $DIST/ holds $(find "$DIST" -type f | wc -l) files"
[ "$FAILED" -eq 0 ] && { [ -z "${FINAL:-}" ] || [ "$SKIPPED" -eq 0 ]; }
