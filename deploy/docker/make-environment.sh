#!/bin/sh
# Makes the environment that the image runs: make-environment.sh FOLDER "WORDS". It is run by the Dockerfile, in /src, with
# what is pinned in /wheels. A word is a project's folder (helix_binance), a wheel's file, or a package of the index with its
# version (helix-other==1.2.0). What the index gives is held to the versions of requirements.txt.
set -eu
environment=$1 words=$2
pip="/tools/bin/pip --disable-pip-version-check --quiet"

pack() { /tools/bin/python -m build --wheel --no-isolation --outdir "$2" "$1" >/dev/null; }

sed -e 's/ *\\$//' -e '/^ *--hash/d' requirements.txt > /tools/pins.txt
pack . /own
foreign=
for word in $words; do
  case $word in
    *.whl) cp "$word" /own/ ;;
    *==*) foreign="$foreign $word" ;;
    *)
      [ -f "$word/pyproject.toml" ] || {
        echo "DRIVERS: '$word' is neither a folder with a project, nor a wheel, nor a package with its version (name==1.2.3)." >&2
        exit 1
      }
      pack "$word" /own
      ;;
  esac
done

python -m venv --without-pip "$environment"
if [ -z "$foreign" ]; then
  # Without the index: nothing gets in whose hash was not checked.
  set -- --no-index
else
  echo "From the index, without a hash of ours:$foreign" >&2
  set -- --constraint /tools/pins.txt
fi
# shellcheck disable=SC2086 # words and options, on purpose
$pip --python "$environment/bin/python" install "$@" --find-links /wheels /own/*.whl $foreign
$pip --python "$environment/bin/python" check
