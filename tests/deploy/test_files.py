"""What the compose file, the image and the units promise fits to one another, and to the code."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # nobody needs its types here

from helix_core import app
from helix_core.cli import service, watchdog
from helix_core.web import server

ENDING_S = app._FINISH_S + app._DRAIN_S + server._LAST_ANSWERS_S
DEFAULT = re.compile(r"\$\{\w+:-([^${}]*)\}")
PAGES = ("docs/docker.md", "docs/systemd.md", "docs/backup.md")
FENCE = re.compile(r"(?:<!-- (\w+): (.+?) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def compose() -> Any:
    """The compose file as it is where .env says nothing of it."""
    text = Path("docker-compose.yml").read_text("utf-8")
    while DEFAULT.search(text):  # one may stand in another
        text = DEFAULT.sub(r"\1", text)
    return yaml.safe_load(text)


def unit(name: str) -> RawConfigParser:
    """A unit; of a word that stands there twice, the last."""
    read = RawConfigParser(strict=False, delimiters="=", interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign] # systemd's words have capitals
    read.read(f"deploy/systemd/{name}")
    return read


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_the_bot_is_given_more_time_to_end_than_it_takes() -> None:
    """An order in hand is finished, whoever stops it."""
    check = Path("deploy/check-image.sh").read_text("utf-8")
    graces = (
        compose()["services"]["bot"]["stop_grace_period"],
        unit("helix.service")["Service"]["TimeoutStopSec"],
        re.findall(r"^GRACE_S=(\d+)$", check, re.MULTILINE)[0],
    )

    assert [seconds(grace) > ENDING_S + 10 for grace in graces] == [True] * 3


def test_the_service_managers_patience_is_longer_than_the_bots_own() -> None:
    """The bot ends itself first, and writes down where it hung; a start asks again in time."""
    asked = unit("helix.service")["Service"]

    assert seconds(asked["WatchdogSec"]) >= 2 * watchdog.PATIENCE_S
    assert seconds(asked["TimeoutStartSec"]) == service._LONGEST_START_S
    assert asked["Type"] == "notify"


def test_the_bot_runs_confined_and_is_reached_from_this_machine_only() -> None:
    services = compose()["services"]
    bot = services["bot"]

    assert (bot["read_only"], bot["cap_drop"], bot["restart"]) == (True, ["ALL"], "unless-stopped")
    assert "no-new-privileges:true" in bot["security_opt"]
    assert bot["env_file"] == ".env"
    assert {mount.partition(":")[2] for mount in bot["volumes"]} == {"/data", "/var/log"}
    public = {name for name, one in services.items() for port in one.get("ports", []) if "127.0.0.1" not in port}
    assert public == {"caddy"}


def test_without_a_profile_there_is_the_bot_and_nothing_else() -> None:
    profiles = {name: one.get("profiles") for name, one in compose()["services"].items()}

    assert profiles == {"bot": None, "caddy": ["tls"], "prometheus": ["monitoring"], "grafana": ["monitoring"]}


def test_the_bot_believes_the_one_address_that_only_caddy_has() -> None:
    """Else every alert would seem to come from the proxy, or anybody could say where it comes from."""
    found = compose()
    caddy = found["services"]["caddy"]["networks"]["helix"]["ipv4_address"]
    (network,) = found["networks"]["helix"]["ipam"]["config"]

    assert found["services"]["bot"]["environment"]["TRUSTED_PROXIES"] == caddy
    assert IPv4Address(caddy) in IPv4Network(network["subnet"])
    assert IPv4Network(network["ip_range"]).subnet_of(IPv4Network(network["subnet"]))
    assert IPv4Address(caddy) not in IPv4Network(network["ip_range"])


def test_every_image_is_pinned_and_the_bots_user_is_a_number() -> None:
    """A number is what Kubernetes and others can check."""
    dockerfile = Path("Dockerfile").read_text("utf-8")
    images = [one["image"] for name, one in compose()["services"].items() if name != "bot"]
    images += re.findall(r"^ARG BASE=(.*)$", dockerfile, re.MULTILINE)

    assert [image for image in images if not re.search(r":v?\d+\.\d+\.\d+", image)] == []
    assert re.findall(r"^USER (.*)$", dockerfile, re.MULTILINE) == ["10001:10001"]


def test_a_health_check_is_the_same_in_the_image_and_in_the_compose_file() -> None:
    (line,) = re.findall(r"^ +CMD \[(.*)\]$", Path("Dockerfile").read_text("utf-8"), re.MULTILINE)
    kind, *command = compose()["services"]["bot"]["healthcheck"]["test"]

    assert kind == "CMD"
    assert [word.strip('"') for word in line.split(", ", 2)] == command


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["helix", "helix-backup"])
def test_systemd_understands_every_word_of_a_unit_and_finds_it_confined(name: str, tmp_path: Path) -> None:
    """A word it does not know is only said, and ignored: so nothing may be said."""
    text = Path(f"deploy/systemd/{name}.service").read_text("utf-8")
    file = tmp_path / f"{name}.service"
    file.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))

    def analyze(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["systemd-analyze", *words, str(file)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    verified = analyze("verify", "--man=no")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    assert analyze("security", "--offline=yes", "--threshold=20").returncode == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_says_what_tries_it_or_what_it_needs(page: str) -> None:
    """`tried by` names a file that is there; `needs` names what cannot be had in a test."""
    blocks = FENCE.findall(Path(page).read_text("utf-8"))

    assert blocks
    for mark, what, _, text in blocks:
        assert mark in {"tried", "needs"}, text
        assert mark == "needs" or Path(what.removeprefix("by ")).is_file(), what


def test_what_is_said_to_be_typed_under_a_live_systemd_is() -> None:
    """Each `follow` of the script finds one block of the page, and each block that names the script is followed."""
    script = Path("deploy/check-units.sh").read_text("utf-8")
    words = [quoted or bare for quoted, bare in re.findall(r'^follow (?:"(.+)"|(\S+))$', script, re.MULTILINE)]
    words += re.findall(r"^ +block (\w+)$", script, re.MULTILINE)
    blocks = FENCE.findall(Path("docs/systemd.md").read_text("utf-8"))
    tried = [text for mark, what, _, text in blocks if (mark, what) == ("tried", "by deploy/check-units.sh")]

    assert [sum(word in text for *_, text in blocks) for word in words] == [1] * len(words)
    assert [text for text in tried if not any(word in text for word in (*words, "deploy/check-units.sh"))] == []
