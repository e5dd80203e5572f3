# What check-image.sh and check-units.sh share: an engine, a base image, and a look at the bot and its exchange. Who reads
# this file in sets WORK, a folder, and has three functions:
#   inside COMMAND...   runs it where bot and sandbox answer on 127.0.0.1
#   in_bot COMMAND...   runs it as the bot's user, in its folder
#   last_words          what the bot said last
# shellcheck shell=bash disable=SC2034 # what is set here is used there
ORDER='POST /api/v3/order'
PODMAN_BUILD=() PODMAN_RUN=()

say() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*"; }
ok() { say "ok    $*"; }
fail() {
  say "FAIL  $*" >&2
  last_words >&2 || true
  exit 1
}

# quietly COMMAND...: what it says is shown only if it fails; podman complains where no systemd runs its health checks.
quietly() { "$@" > "$WORK/said" 2>&1 || { cat "$WORK/said" >&2 && return 1; }; }

find_engine() {
  if [ -z "${ENGINE:-}" ]; then
    if docker info >/dev/null 2>&1; then ENGINE=docker; elif command -v podman >/dev/null; then ENGINE=podman; fi
  fi
  [ -n "${ENGINE:-}" ] || fail "Neither a running Docker nor podman is here. On Debian: apt install podman buildah runc netavark"
  [ "$ENGINE" != podman ] || {
    # What lets podman work inside another container or sandbox, and does no harm elsewhere.
    PODMAN_BUILD=(--isolation chroot --network host --format docker)
    PODMAN_RUN=(--ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit "nproc=4096:4096")
    command -v runc >/dev/null && export CONTAINERS_CONF="${CONTAINERS_CONF:-$WORK/containers.conf}"
    [ "${CONTAINERS_CONF:-}" != "$WORK/containers.conf" ] || printf '[engine]\nruntime = "runc"\n' > "$CONTAINERS_CONF"
  }
  say "engine: $("$ENGINE" --version)"
}

find_base() {
  BASE=${BASE:-$(sed -n 's/^ARG BASE=//p' Dockerfile)}
  if "$ENGINE" image inspect "$BASE" >/dev/null 2>&1 || timeout 300 "$ENGINE" pull --quiet "$BASE" >/dev/null 2>&1; then
    ok "base image $BASE"
    return
  fi
  command -v mmdebstrap >/dev/null || fail "$BASE cannot be fetched. Name another in BASE, or install mmdebstrap."
  say "STAND-IN: $BASE cannot be fetched; Debian's own Python stands in for it"
  BASE=localhost/helix-check-base:bookworm
  "$ENGINE" image inspect "$BASE" >/dev/null 2>&1 || make_stand_in
}

make_stand_in() {
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv,passwd,netbase bookworm "$WORK/base.tar"
  "$ENGINE" import --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' "$WORK/base.tar" localhost/helix-check-debian:bookworm >/dev/null
  rm "$WORK/base.tar"
  mkdir "$WORK/base"
  cp /etc/ssl/certs/ca-certificates.crt "$WORK/base/" # whom this machine trusts
  cat > "$WORK/base/Dockerfile" <<'STANDIN'
FROM localhost/helix-check-debian:bookworm
RUN ln -s /usr/bin/python3 /usr/local/bin/python && rm -f /usr/lib/python3.11/EXTERNALLY-MANAGED
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
CMD ["python3"]
STANDIN
  "$ENGINE" build --quiet "${PODMAN_BUILD[@]}" --tag "$BASE" "$WORK/base" >/dev/null
}

# ask METHOD ADDRESS [BODY]: what is answered, from inside.
ask() {
  inside python3 -c 'import sys, urllib.request
asked = urllib.request.Request(sys.argv[2], method=sys.argv[1], data=sys.argv[3].encode() if sys.argv[3:] else None)
print(urllib.request.urlopen(asked, timeout=10).read().decode())' "$@"
}

# read_json EXPRESSION: of the JSON on standard input, which it calls `it`.
read_json() { inside python3 -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

# What is held at the venue, what its resting stops cover, how many entries it has carried out, whether the first is covered.
look() {
  local seen
  seen=$(inside python3 -c 'import json, urllib.request as web
from decimal import Decimal
it = json.load(web.urlopen("http://127.0.0.1:8900/sandbox/ledger", timeout=10))
held = sum(map(Decimal, it["balances"].get("BTC", {}).values()), Decimal(0))
stops = [one for one in it["orders"] if one["side"] == "SELL" and one["stop_price"] and one["status"] == "open"]
stopped = sum((Decimal(one["quantity"]) for one in stops), Decimal(0))
entries = sum(one["side"] == "BUY" and Decimal(one["executed"]) > 0 for one in it["orders"])
open = json.load(web.urlopen("http://127.0.0.1:8000/health", timeout=10))["open_positions"]
print(held, stopped, entries, open, "yes" if 0 < held and held - Decimal("0.00002") < stopped <= held else "no")') || seen="? ? ? ? no"
  read -r HELD STOPPED ENTRIES OPEN COVERED <<< "$seen"
}

expect_covered() {
  for _ in $(seq 60); do
    look
    if [ "$OPEN $ENTRIES $COVERED" = "1 $1 yes" ]; then
      ok "$2: one open trade, $HELD BTC held, $STOPPED of it under a stop at the venue, $ENTRIES entries ever"
      return
    fi
    sleep 0.5
  done
  fail "$2: open trades $OPEN, held $HELD, under a stop $STOPPED, entries $ENTRIES (not $1)"
}

# An entry whose order the venue carries out only seconds later: time for a signal in the middle of it.
begin_slow_entry() {
  ask POST http://127.0.0.1:8900/sandbox/faults "{\"on\": \"$ORDER\", \"kind\": \"delay\", \"delay_s\": $1}" >/dev/null
  local before
  before=$(orders_asked)
  in_bot helix send BUY > "$WORK/sent" 2>&1 &
  SENDING=$!
  for _ in $(seq 100); do
    [ "$(orders_asked)" -eq "$before" ] || return 0
    sleep 0.1
  done
  fail "the alert led to no order: $(cat "$WORK/sent")"
}

orders_asked() {
  ask GET http://127.0.0.1:8900/sandbox/requests | read_json 'sum(one["method"] == "POST" and one["path"] == "/api/v3/order" for one in it)'
}
