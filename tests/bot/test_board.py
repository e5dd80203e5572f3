"""What shows the bot's figures (board, alarms, the document's table) names only what a real scrape has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml  # type: ignore[import-untyped] # nobody needs its types here
from prometheus_client.parser import text_string_to_metric_families

from tests.bot.staged import StagedBot, staged
from tests.bot.test_metrics import scrape


def shown(deploy: Path) -> tuple[set[str], set[str]]:
    """Metrics that the board and the alarms name."""
    board = json.loads((deploy / "grafana/dashboards/helix.json").read_text("utf-8"))
    alarms = yaml.safe_load((deploy / "prometheus/alerts.yml").read_text("utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    asked += [note["expr"] for note in board["annotations"]["list"]]
    ruled = [rule["expr"] for group in alarms["groups"] for rule in group["rules"]]
    return names(asked), names(ruled)


def names(expressions: list[str]) -> set[str]:
    return {
        name for text in expressions for name in re.findall(r"\b(?:helix|process)_\w+", re.sub(r"\{[^}]*}", "", text))
    }


@staged(exchange="kraken", talks=True)
async def test_every_metric_of_the_board_and_the_alarms_is_in_a_real_scrape(bot: StagedBot) -> None:
    await bot.post("BUY")
    await bot.stage.sleep(90)

    there = {name for name, *_ in await scrape(bot)}

    on_the_board, in_the_alarms = shown(Path("deploy"))
    assert len(on_the_board) > 25, "the board was read"
    assert on_the_board - there == set()
    assert in_the_alarms - there == set()


def documented() -> list[tuple[str, ...]]:
    """Name, kind, labels and meaning of each metric, as the page on watching has them."""
    page = Path("docs/watching.md").read_text("utf-8")
    return re.findall(r"^\| `(helix_\w+)` \| (\w+) \| ([^|]*) \| (.*?) \|$", page, re.MULTILINE)


@staged
async def test_the_documents_table_says_what_every_metric_means(bot: StagedBot) -> None:
    reply = await bot.stage.get("/metrics")
    assert reply is not None
    families = [
        family for family in text_string_to_metric_families(reply.body.decode()) if family.name.startswith("helix_")
    ]

    said = documented()
    assert [(name, kind, text) for name, kind, _, text in said] == [
        (f"{family.name}_total" if family.type == "counter" else family.name, family.type, family.documentation)
        for family in families
    ]
    for family, (name, _, labels, _) in zip(families, said, strict=True):
        for sample in family.samples:
            assert ", ".join(sorted(sample.labels.keys() - {"le"})) == labels, name


def test_the_board_needs_only_what_is_provisioned_and_nothing_from_the_network() -> None:
    """Core panels, the one source of data that is provisioned, no link and no image from elsewhere."""
    deploy = Path("deploy")
    text = (deploy / "grafana/dashboards/helix.json").read_text("utf-8")
    board = json.loads(text)
    (source,) = yaml.safe_load((deploy / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]

    panels = [panel for panel in board["panels"] if panel["type"] != "row"]

    assert {panel["type"] for panel in panels} == {"stat", "timeseries"}
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert "http" not in text


def test_what_the_containers_mount_is_there_and_where_their_settings_look_for_it() -> None:
    """A wrong path shows as an empty board, when it is needed."""
    services = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))["services"]
    mounts = {
        there: Path(here)
        for service in (services["prometheus"], services["grafana"])
        for here, there, *_ in (mount.split(":") for mount in service["volumes"])
        if here.startswith(".")
    }
    scraping = yaml.safe_load((mounts["/etc/prometheus"] / "prometheus.yml").read_text("utf-8"))
    (provider,) = yaml.safe_load((mounts["/etc/grafana/provisioning"] / "dashboards/helix.yml").read_text())[
        "providers"
    ]

    assert all(path.is_dir() for path in mounts.values())
    assert (mounts[provider["options"]["path"]] / "helix.json").is_file()
    assert [Path(name).parent for name in scraping["rule_files"]] == [Path("/etc/prometheus")]
    assert all((mounts["/etc/prometheus"] / Path(name).name).is_file() for name in scraping["rule_files"])
    (job,) = scraping["scrape_configs"]
    assert job["authorization"]["credentials_file"] == "/run/secrets/status_token"
    assert services["prometheus"]["secrets"] == ["status_token"]
    assert job["static_configs"][0]["targets"] == ["bot:8000"]
