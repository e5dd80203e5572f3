#!/usr/bin/env bash
# Installs the units by typing what docs/systemd.md says, in a container with a live systemd, and does to them what a night
# can bring: a start that is only over when signals are taken, a process that hangs, one that is killed in the middle of an
# entry, a stop in the middle of the next one, a backup and its restore. It ends with 0 only if all of it is right.
#
#   deploy/check-units.sh            needs podman; some minutes after the build, one of them for the watchdog
#   BASE=...                         as for check-image.sh
#
# The container is privileged: systemd manages control groups in it. No account and no exchange: the sandbox is the exchange.
set -euo pipefail
cd "$(dirname "$0")/.."

ENGINE=podman
NAME=helix-units-$$
PAGE=docs/systemd.md
SECRET=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
WORK=$(mktemp -d)
# shellcheck source=deploy/engine.sh
. deploy/engine.sh

inside() { podman exec -i "$NAME" "$@"; }
in_bot() { podman exec --workdir /etc/helix "$NAME" sudo -u helix "/opt/helix/bin/$1" "${@:2}"; }
last_words() { [ -z "${STARTED:-}" ] || inside journalctl --unit helix --lines 30 --no-pager --output cat; }
of_unit() { inside systemctl show --property "$2" --value "$1"; }

clean() {
  podman rm --force --volumes "$NAME" >/dev/null 2>&1 || true
  rm -rf "$WORK"
}
trap clean EXIT

# The Dockerfile's first stage has all wheels; what is installed is installed by the page.
build() {
  {
    podman build "${PODMAN_BUILD[@]}" --build-arg "BASE=$BASE" --target build --tag localhost/helix-check:build . < /dev/null &&
      podman build "${PODMAN_BUILD[@]}" --tag localhost/helix-check:units -
  } > "$WORK/build.log" 2>&1 <<'MACHINE' || { tail -40 "$WORK/build.log" >&2; fail "no machine was made"; }
FROM localhost/helix-check:build
RUN apt-get update && apt-get install --yes --no-install-recommends systemd systemd-sysv sudo
RUN rm -rf /opt/helix && mkdir /src/dist && cp /own/*.whl /src/dist/
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
STOPSIGNAL SIGRTMIN+3
CMD ["/lib/systemd/systemd"]
MACHINE
}

start_machine() {
  quietly podman run --detach --name "$NAME" "${PODMAN_RUN[@]}" --systemd always --privileged localhost/helix-check:units
  for _ in $(seq 60); do
    case $(inside systemctl is-system-running 2>/dev/null) in running | degraded) break ;; esac
    sleep 0.5
  done
  podman cp deploy/systemd "$NAME:/src/deploy/systemd"
  ok "a machine with $(inside systemctl --version | head -1)"
}

# block WORDS: the fenced block of the page in which they stand.
block() {
  awk -v words="$1" '/^```/ { inside = !inside; if (!inside && index(text, words)) { printf "%s", text; exit }; text = ""; next }
    inside { text = text $0 "\n" }' "$PAGE"
}

# follow WORDS: type that block. What would not end by itself shows a few lines.
follow() {
  [ -n "$(block "$1")" ] || fail "$PAGE has no block with: $1"
  block "$1" | sed 's/ --follow/ --lines 5 --no-pager/' > "$WORK/typed"
  quietly podman exec -i --workdir /src "$NAME" bash -eu < "$WORK/typed" || fail "$PAGE: $1"
  ok "as the page says: $(grep -c . "$WORK/typed") lines with $1"
}

write_settings() {
  quietly inside systemd-run --unit venue --property DynamicUser=yes /opt/helix/bin/helix sandbox binance --port 8900
  for _ in $(seq 60); do
    inside journalctl --unit venue --output cat --no-pager | grep BINANCE_BASE_URL= > "$WORK/venue" && break
    sleep 0.5
  done
  {
    block DATABASE_URL
    tr ' ' '\n' < "$WORK/venue"
    printf '%s\n' ACTIVE_EXCHANGE=binance DISABLED_PLUGINS=telegram "WEBHOOK_SECRET=$SECRET" \
      WEBHOOK_LIMIT_PER_MINUTE=1000 HEALTH_LIMIT_PER_MINUTE=1000
  } | inside tee /etc/helix/.env > /dev/null
}

check_start() {
  [ "$(ask GET http://127.0.0.1:8000/health | read_json 'it["status"]')" = ok ] || fail "it was called started, and is not"
  ok "started means that signals are taken: $(of_unit helix StatusText)"
}

check_confinement() {
  local process may
  process=$(of_unit helix MainPID)
  may=$(inside grep -E '^(CapEff|NoNewPrivs|Seccomp):' "/proc/$process/status" | tr -d '\n\t')
  [ "$may" = CapEff:0000000000000000NoNewPrivs:1Seccomp:2 ] || fail "it may do more than it should: $may"
  # shellcheck disable=SC2016 # it is for the shell in there
  inside nsenter --target "$process" --mount -- sh -c '
    for place in /etc/helix /opt/helix /usr /home /root /var/lib /var/log; do ! touch "$place/x" 2>/dev/null || exit 1; done
    for place in /var/lib/helix /var/log/helix /tmp; do touch "$place/x" && rm "$place/x" || exit 1; done' || fail "it can write what it should not, or cannot what it should"
  ok "no capability, no new privileges, system calls filtered; it writes its own two folders and a /tmp of its own"
}

# expect_restart NUMBER WHAT
expect_restart() {
  local began=$SECONDS
  until [ "$(of_unit helix NRestarts)" = "$1" ] && inside systemctl is-active --quiet helix; do
    [ $((SECONDS - began)) -lt 120 ] || fail "$2: not started again within 120 s"
    sleep 0.5
  done
  ok "$2: started again, ready after $((SECONDS - began)) s"
}

stop_unit() {
  local began=$SECONDS
  inside systemctl stop helix
  [ "$(of_unit helix Result) $(of_unit helix ExecMainStatus)" = "success 0" ] || fail "$1: $(of_unit helix Result), exit code $(of_unit helix ExecMainStatus)"
  ok "$1: clean exit after $((SECONDS - began)) s"
}

command -v podman >/dev/null || fail "podman is not here. On Debian: apt install podman buildah runc netavark"
find_engine
find_base
build
start_machine
follow systemd-sysusers
write_settings
follow "helix check"
follow "enable --now"
STARTED=yes
check_start
check_confinement

SENT=$(in_bot helix send BUY) || fail "BUY: $SENT"
expect_covered 1 "BUY"
inside systemctl kill --signal STOP --kill-whom main helix
expect_restart 1 "a process that stands still, with a position open"
expect_covered 1 "recovered"
SENT=$(in_bot helix send SELL) || fail "SELL: $SENT"

begin_slow_entry 3
inside systemctl kill --signal KILL helix
wait "$SENDING" || true
expect_restart 2 "SIGKILL in the middle of an entry"
expect_covered 2 "recovered"
SENT=$(in_bot helix send SELL) || fail "SELL: $SENT"

begin_slow_entry 3
stop_unit "systemctl stop in the middle of an entry"
wait "$SENDING" || true
inside systemctl start helix
expect_covered 3 "the effect in hand was finished"

follow "--force-reinstall"
expect_covered 3 "a newer version"
stop_unit "systemctl stop at rest"
in_bot helix restore "$(inside sh -c 'echo /var/lib/helix/backups/*.db')" > /dev/null || fail "the restore failed"
inside systemctl start helix
[ "$(ask GET http://127.0.0.1:8000/health | read_json 'it["status"]')" = halted ] || fail "restored, and not halted"
expect_covered 3 "backup made and restored: halted, as it should be"
ok "all of it"
