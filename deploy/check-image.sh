#!/usr/bin/env bash
# Builds the image and does to it what a night can bring: a read-only container without any capability, a position open,
# SIGTERM in the middle of an entry, SIGKILL in the middle of the next one. It says what it sees, and ends with 0 only if all
# of it is right. No account and no exchange: the sandbox inside the image is the exchange.
#
#   deploy/check-image.sh            needs docker, or podman
#   ENGINE=podman deploy/check-image.sh
#   BASE=...                         another base image (a digest, a copy in a registry of yours)
#   DRIVERS="helix_binance ..."      what goes into it; helix_binance must, it is the one that is tried
#   IMAGE=...                        an image that is there already: nothing is built
#
# Where no base image can be fetched, one is made of Debian's packages by mmdebstrap, if that is there: it stands in for the
# official Python image, and the output says so.
set -euo pipefail
cd "$(dirname "$0")/.."

BUILT=${IMAGE:-}
IMAGE=${IMAGE:-localhost/helix:check}
NAME=helix-check-$$
GRACE_S=45
SECRET=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
WORK=$(mktemp -d)
# shellcheck source=deploy/engine.sh
. deploy/engine.sh

inside() { "$ENGINE" exec -i "$NAME-venue" "$@"; }
in_bot() { "$ENGINE" exec "$NAME-bot" "$@"; }
last_words() { [ -z "${STARTED:-}" ] || "$ENGINE" logs --tail 30 "$NAME-bot" 2>&1; }

clean() {
  [ -z "${ENGINE:-}" ] || {
    for one in bot venue; do "$ENGINE" rm --force --volumes "$NAME-$one" || true; done
    for one in data logs; do "$ENGINE" volume rm --force "$NAME-$one" || true; done
  } >/dev/null 2>&1
  rm -rf "$WORK"
}
trap clean EXIT

build() {
  local drivers=() began=$SECONDS
  [ -z "${DRIVERS:-}" ] || drivers=(--build-arg "DRIVERS=$DRIVERS")
  "$ENGINE" build "${PODMAN_BUILD[@]}" --build-arg "BASE=$BASE" "${drivers[@]}" --tag "$IMAGE" . > "$WORK/build.log" 2>&1 || {
    tail -40 "$WORK/build.log" >&2
    fail "the image was not built"
  }
  ok "built in $((SECONDS - began)) s, $(($("$ENGINE" image inspect --format '{{.Size}}' "$IMAGE") / 1000000)) MB, user $("$ENGINE" image inspect --format '{{.Config.User}}' "$IMAGE")"
}

# The sandbox owns the network; the bot joins it, because without encryption only an address of its own machine is taken.
start_venue() {
  quietly "$ENGINE" run --detach --no-healthcheck --name "$NAME-venue" "${PODMAN_RUN[@]}" --publish 127.0.0.1::8000 --read-only --tmpfs /tmp --cap-drop all \
    "$IMAGE" sandbox binance --port 8900
  for _ in $(seq 60); do
    "$ENGINE" logs "$NAME-venue" 2>&1 | grep -q BINANCE_BASE_URL && break
    sleep 0.5
  done
  {
    "$ENGINE" logs "$NAME-venue" 2>/dev/null | grep BINANCE_BASE_URL | tr ' ' '\n' | grep '='
    printf '%s\n' ACTIVE_EXCHANGE=binance DISABLED_PLUGINS=telegram "WEBHOOK_SECRET=$SECRET" \
      WEBHOOK_LIMIT_PER_MINUTE=1000 HEALTH_LIMIT_PER_MINUTE=1000
  } > "$WORK/env"
  [ "$(wc -l < "$WORK/env")" -eq 8 ] || fail "the sandbox did not say how it is reached"
  ok "the sandbox runs"
}

start_bot() {
  quietly "$ENGINE" run --detach --name "$NAME-bot" "${PODMAN_RUN[@]}" --network "container:$NAME-venue" --env-file "$WORK/env" --user 10001:10001 \
    --read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges \
    --volume "$NAME-data:/data" --volume "$NAME-logs:/var/log" "$IMAGE"
  STARTED=yes
}

wait_until_ready() {
  local began=$SECONDS
  until ask GET http://127.0.0.1:8000/health > "$WORK/health" 2>/dev/null; do
    [ $((SECONDS - began)) -lt 120 ] || fail "/health does not answer after 120 s"
    [ "$("$ENGINE" inspect --format '{{.State.Running}}' "$NAME-bot")" = true ] || fail "the bot ended"
    sleep 0.5
  done
  ok "$1: /health says $(read_json 'it["status"] + ", open positions: " + str(it["open_positions"])' < "$WORK/health")"
}

check_confinement() {
  in_bot sh -c '! touch /app/x 2>/dev/null && ! touch /opt/helix/x 2>/dev/null && touch /data/x && rm /data/x' || fail "the root file system can be written, or /data cannot"
  ok "the root file system is read-only, /data is writable, and only for $(in_bot stat -c '%U, mode %a' /data)"
  ok "process 1 is $(in_bot cat /proc/1/comm), user $(in_bot id -u), capabilities $(in_bot sed -n 's/^CapEff:\t//p' /proc/1/status)"
  in_bot sed -n 's/^CapEff:\t//p' /proc/1/status | grep -qx 0000000000000000 || fail "there are capabilities left"
  [ "$(in_bot sh -c 'ls -A /app')" = settings.toml ] || fail "/app holds more than settings.toml"
}

check_health() {
  local port
  port=$("$ENGINE" port "$NAME-venue" 8000/tcp | head -1)
  if command -v curl >/dev/null; then
    curl --silent --fail --noproxy '*' --max-time 5 "http://$port/health" >/dev/null || fail "/health does not answer from outside at $port"
    ok "/health answers from outside the container"
  fi
  if [ "$ENGINE" = podman ]; then
    podman healthcheck run "$NAME-bot" >/dev/null || fail "the health check fails"
  else
    for _ in $(seq 70); do
      [ "$("$ENGINE" inspect --format '{{.State.Health.Status}}' "$NAME-bot")" = healthy ] && break
      sleep 1
    done
    [ "$("$ENGINE" inspect --format '{{.State.Health.Status}}' "$NAME-bot")" = healthy ] || fail "the health check fails"
  fi
  ok "the health check passes, without curl in the image"
}

terminate() {
  local began=$SECONDS code
  "$ENGINE" stop --time "$GRACE_S" "$NAME-bot" >/dev/null 2>&1
  code=$("$ENGINE" inspect --format '{{.State.ExitCode}}' "$NAME-bot")
  [ "$code" = 0 ] || fail "SIGTERM: exit code $code after $((SECONDS - began)) s"
  ok "$1: clean exit after $((SECONDS - began)) s of $GRACE_S"
}

find_engine
[ -n "$BUILT" ] || { find_base && build; }
start_venue
start_bot
wait_until_ready "first start"
check_confinement
check_health

begin_slow_entry 3
terminate "SIGTERM in the middle of an entry"
wait "$SENDING" || true
quietly "$ENGINE" start "$NAME-bot"
wait_until_ready "start after SIGTERM"
expect_covered 1 "the effect in hand was finished"

SENT=$(in_bot helix send SELL) || fail "SELL: $SENT"
look
[ "$OPEN" = 0 ] || fail "SELL: $SENT, but open positions: $OPEN"
ok "SELL closed it"

begin_slow_entry 3
"$ENGINE" kill --signal KILL "$NAME-bot" >/dev/null
wait "$SENDING" || true
ok "SIGKILL in the middle of an entry"
quietly "$ENGINE" start "$NAME-bot"
wait_until_ready "start after SIGKILL"
expect_covered 2 "recovered"

in_bot helix backup /data/backups/ || fail "the backup failed"
in_bot helix audit verify >/dev/null || fail "the audit log does not verify"
ok "backup made, audit log whole"
terminate "SIGTERM at rest"
ok "all of it"
