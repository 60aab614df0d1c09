"""Changes made in the browser come back as declarations, and nothing else does."""

import copy
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from contracts.registry import TABLES
from contracts.render import declarations
from contracts.render.__main__ import ROOT
from deploy.errors import DeployError
from ops.__main__ import app
from ops.superset import api, changes, command, files
from ops.superset.charts import words_of

DECLARED = files.load(ROOT, TABLES)
CURRENCY = "SEK"
COPY = "22222222-2222-4222-8222-222222222222"
# Parameters that Superset writes besides the user's choices.
ADDED_BY_SUPERSET = {"annotation_layers": [], "datasource": "7__table", "slice_id": 3, "extra_form_data": {}}
# Parameters of charts by title, as Superset 6.1.0 stored them when they were saved in its browser unchanged;
# its reporting currency was EUR.
SAVED = json.loads((Path(__file__).parent / "saved_by_a_browser.json").read_text())


def held(declared):
    """The files of a Superset that holds what is declared."""
    found = {}
    for path, text in declared.outputs().items():
        asset = yaml.load(text.replace("${REPORTING_CURRENCY}", CURRENCY), Loader=yaml.CSafeLoader)
        if path.startswith(declarations.CHART_ASSETS):
            asset["params"] |= ADDED_BY_SUPERSET
        found[path.removeprefix("superset/assets/")] = asset
    return found


HELD = held(DECLARED)


class Running:
    """A Superset that holds what is declared, and gives it as its API does."""

    def __init__(self):
        self.files = copy.deepcopy(HELD)

    def chart(self, name):
        return self.files[f"charts/{name}.yaml"]

    def dashboard(self, name):
        return self.files[f"dashboards/{name}.yaml"]

    def part(self, part_id):
        """A part of the layout of the dashboard "Conversion"."""
        return self.dashboard("conversion")["position"][part_id]

    def copy_dashboard(self, name, title, *, with_charts):
        """What "Save as" does, with or without copies of the charts."""
        made = copy.deepcopy(self.dashboard(name))
        made |= {"dashboard_title": title, "uuid": COPY, "slug": None, "is_managed_externally": False}
        for number, part in enumerate(made["position"].values()):
            if with_charts and isinstance(part, dict) and part["type"] == "CHART":
                uuid = f"33333333-3333-4333-8333-{number:012}"
                [original] = [each for each in self.files.values() if each["uuid"] == part["meta"]["uuid"]]
                self.files[f"charts/{uuid}.yaml"] = {**copy.deepcopy(original), "uuid": uuid}
                part["meta"]["uuid"] = uuid
        self.files["dashboards/copy.yaml"] = made
        return made

    def exported(self):
        bundle = io.BytesIO()
        with zipfile.ZipFile(bundle, "w") as archive:
            archive.writestr("assets_export_1/metadata.yaml", "version: 1.0.0")
            for name, asset in self.files.items():
                archive.writestr(f"assets_export_1/{name}", yaml.dump(asset, Dumper=yaml.CSafeDumper))
        return api.unpacked(bundle.getvalue(), CURRENCY)


@pytest.fixture
def root(tmp_path):
    for folder in (declarations.DASHBOARDS, declarations.QUERIES):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def running():
    return Running()


def texts(root):
    return {path.name: path.read_text() for path in sorted((root / declarations.DASHBOARDS).iterdir())}


def export(root, running, title=None, name=None):
    """Export as the command does; returns its lines and the declarations afterwards."""
    declared = files.load(root, TABLES)
    exported = running.exported()
    found = changes.of_copy(title, name, declared, exported) if title else changes.managed(declared, exported)
    command.write(root, declared, found)
    return [line for change in found for line in change.lines()], files.load(root, TABLES)


def test_with_nothing_changed_nothing_is_written(root, running):
    before = texts(root)
    lines, _ = export(root, running)
    assert lines == []
    assert texts(root) == before


def test_another_way_to_write_the_same_is_left_alone(root, running):
    path = root / declarations.DASHBOARDS / "shop_overview.yaml"
    text = path.read_text()
    for usual, other in (
        ("[net_sales]\n    by: sales_channel", "net_sales\n    by: [sales_channel]\n    every: week"),
        ("[weekly_trend, monthly_trend]", "{weekly_trend: 6, monthly_trend: 6}"),
        ("  - note:", "  - height: 8\n    note:"),
    ):
        assert usual in text
        text = text.replace(usual, other)
    path.write_text(text)
    assert export(root, running)[0] == []
    assert path.read_text() == text


def test_a_dollar_sign_comes_back_as_declarations_write_it(root, running):
    running.chart("orders")["slice_name"] = f"Orders above US$ 5, not {CURRENCY} 5 or {CURRENCY}5"
    _, after = export(root, running)
    title = after.dashboards["shop_overview"]["charts"]["orders"]["title"]
    assert title == "Orders above US$$ 5, not ${REPORTING_CURRENCY} 5 or SEK5"


def test_a_changed_chart_is_written_and_generates_what_superset_holds(root, running):
    before = texts(root)
    chart = running.chart("sales_by_channel")
    chart["params"] |= {"time_grain_sqla": "P1M", "legendOrientation": "bottom", "groupby": []}
    chart["slice_name"] = f"Net sales in {CURRENCY}"
    lines, after = export(root, running)
    assert lines == ["shop_overview: chart sales_by_channel"]
    words = after.dashboards["shop_overview"]["charts"]["sales_by_channel"]
    assert words == {
        "type": "bar",
        "title": "Net sales in ${REPORTING_CURRENCY}",
        "description": "Weeks from Monday, where it was sold",
        "dataset": "daily_sales",
        "metrics": ["net_sales"],
        "every": "month",
        "x_title": "Week from",
        "options": {"legendOrientation": "bottom"},
    }
    generated = after.chart_asset("sales_by_channel", words)
    assert generated["params"]["legendOrientation"] == "bottom"
    assert generated["uuid"] == chart["uuid"]
    assert texts(root)["conversion.yaml"] == before["conversion.yaml"]
    assert export(root, running)[0] == []


@pytest.mark.parametrize(("dashboard", "name"), [(each, name) for each, name, _ in DECLARED.charts()])
def test_every_chart_reads_back_as_it_is_declared(running, dashboard, name):
    # A change that no word of a declaration expresses, so that the chart is read at all.
    running.chart(name)["params"]["zoomable"] = True
    [change] = changes.managed(DECLARED, running.exported())
    words = DECLARED.dashboards[dashboard]["charts"][name]
    assert change.after["charts"][name] == {**words, "options": {"zoomable": True}}


@pytest.mark.parametrize("title", SAVED)
def test_a_chart_saved_in_the_browser_unchanged_is_as_it_is_declared(title):
    [(name, words)] = [(name, words) for _, name, words in DECLARED.charts() if words["title"] == title]
    asset = {**DECLARED.chart_asset(name, words), "params": api.portable(SAVED[title], "EUR")}
    uuid = {"uuid": words["uuid"]} if "uuid" in words else {}
    assert {**words_of(asset, DECLARED.datasets[words["dataset"]]), **uuid} == words


def test_what_was_put_together_by_clicks_becomes_sql(root, running):
    params = running.chart("orders")["params"]
    params["metric"] = {
        "expressionType": "SIMPLE",
        "column": {"column_name": "orders", "type": "BIGINT"},
        "aggregate": "MAX",
        "label": "Best day",
        "optionName": "metric_x1",
        "hasCustomLabel": True,
    }
    by_click = {"expressionType": "SIMPLE", "clause": "WHERE", "isExtra": False}
    params["adhoc_filters"] += [
        {**by_click, "subject": "sales_channel", "operator": "IN", "comparator": ["web", "o'app"]},
        {**by_click, "subject": "units", "operator": ">", "comparator": 3},
    ]
    _, after = export(root, running)
    words = after.dashboards["shop_overview"]["charts"]["orders"]
    assert words["metric"] == {"label": "Best day", "sql": "MAX(orders)"}
    assert words["where"] == ["sales_channel IN ('web', 'o''app')", "units > 3"]


def test_a_moved_a_new_and_a_removed_chart(root, running):
    dashboard = running.dashboard("conversion")
    new = copy.deepcopy(running.chart("sessions"))
    new |= {"uuid": COPY, "slice_name": "Sessions by device"}
    new["params"]["metric"] = "conversion_rate"
    running.files["charts/new.yaml"] = new
    meta = dashboard["position"]["CHART-abandoned_carts"]["meta"]
    meta["uuid"] = COPY
    dashboard["position"]["ROW-1"]["children"].reverse()
    lines, after = export(root, running)
    assert lines == [
        "conversion: rows",
        "conversion: new chart sessions_by_device",
        "conversion: removed chart abandoned_carts",
    ]
    words = after.dashboards["conversion"]
    assert words["rows"][1]["charts"] == [
        "tracking_rate", "searches_without_results", "sessions_by_device", "sessions",
    ]  # fmt: skip
    assert words["charts"]["sessions_by_device"]["metric"] == "conversion_rate"
    assert "uuid" not in words["charts"]["sessions_by_device"]


@pytest.mark.parametrize("with_charts", [False, True])
def test_a_person_s_copy_replaces_what_it_was_made_of(root, running, with_charts):
    made = running.copy_dashboard("conversion", "Mine", with_charts=with_charts)
    assert export(root, running, "Mine", "conversion")[0] == []
    uuid = made["position"]["CHART-sessions"]["meta"]["uuid"]
    [chart] = [each for each in running.files.values() if each["uuid"] == uuid]
    chart["params"]["y_axis_format"] = ",.1f"
    made["position"]["MARKDOWN-basis"]["meta"]["code"] = "Shorter."
    lines, after = export(root, running, "Mine", "conversion")
    assert lines == ["conversion: rows", "conversion: chart sessions"]
    words = after.dashboards["conversion"]
    assert words["title"] == "Conversion"
    assert words["rows"][0] == {"note": "Shorter."}
    assert words["charts"]["sessions"]["format"] == ",.1f"
    assert words["charts"]["sessions"]["uuid"] == running.chart("sessions")["uuid"]


def test_a_dashboard_of_a_person_s_own_becomes_a_new_file(root, running):
    made = running.copy_dashboard("shop_overview", "Sales & more", with_charts=True)
    for name, asset in running.files.items():
        if name.startswith("charts/33333333"):
            asset["slice_name"] += " (mine)"
    lines, after = export(root, running, "Sales & more")
    assert len(lines) == len([line for line in lines if line.startswith("sales_more: ")]) > 13
    assert after.dashboards["sales_more"]["title"] == made["dashboard_title"]
    assert "net_sales_mine" in after.dashboards["sales_more"]["charts"]


def test_a_copy_of_a_chart_replaces_the_chart(root, running):
    running.files["charts/mine.yaml"] = {
        **copy.deepcopy(running.chart("orders")), "uuid": COPY, "slice_name": "My orders",
    }  # fmt: skip
    assert export(root, running, "My orders", "orders")[0] == []
    running.files["charts/mine.yaml"]["params"]["metric"] = "units"
    running.files["charts/mine.yaml"]["description"] = None  # as Superset saves a chart under another title
    lines, after = export(root, running, "My orders", "orders")
    assert lines == ["shop_overview: chart orders"]
    words = after.dashboards["shop_overview"]["charts"]["orders"]
    assert (words["title"], words["metric"]) == ("Orders", "units")
    assert words["description"].startswith("Placed, minus those")


def test_the_command_says_what_it_wrote_and_what_comes_next(root, running, monkeypatch):
    monkeypatch.setattr(command, "ROOT", root)
    monkeypatch.setattr(command.installation, "settings", lambda: None)
    monkeypatch.setattr(api, "export", lambda settings: running.exported())
    assert CliRunner().invoke(app, ["superset", "export"]).output == "Nothing has changed.\n"
    running.chart("orders")["params"]["metric"] = "units"
    assert CliRunner().invoke(app, ["superset", "export"]).output.splitlines() == [
        "✓ shop_overview: chart orders",
        f"{len(HELD)} files, {len(HELD)} changed",
        "Next: git diff superset",
    ]
    asset = yaml.safe_load((root / declarations.CHART_ASSETS / "orders.yaml").read_text())
    assert asset["params"]["metric"] == "units"


def test_comments_stay_where_nothing_changed(root, running):
    path = root / declarations.DASHBOARDS / "shop_overview.yaml"
    text = path.read_text().replace("  orders:\n", "  # What counts: docs/figures.md\n  orders:\n")
    path.write_text("# Of the whole shop\n" + text)
    running.chart("net_sales")["params"]["y_axis_format"] = ",.1f"
    export(root, running)
    assert path.read_text() == "# Of the whole shop\n" + text.replace(
        "    metric: net_sales\n", "    metric: net_sales\n    format: money ,.1f\n", 1
    )


def test_a_file_laid_out_in_a_way_of_its_own_is_written_anew():
    before = {"title": "A", "charts": {"a": {"title": "B"}}}
    after = {"title": "A", "charts": {"a": {"title": "C"}}}
    assert yaml.safe_load(files.updated("{title: A, charts: {a: {title: B}}}", before, after)) == after


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda running: running.files.pop("dashboards/conversion.yaml"),
            "does not have the dashboard 'Conversion'",
        ),
        (
            lambda running: running.part("ROOT_ID").update(children=["TABS-1"]),
            "'Conversion' has tabs, for which declarations have no words",
        ),
        (
            lambda running: running.part("CHART-sessions")["meta"].update(width=2),
            "conversion.yaml: row 2: the widths of its charts do not add up to 12",
        ),
        (
            lambda running: running.chart("sessions").update(dataset_uuid=COPY),
            "'Sessions' uses the dataset ?, which is not declared",
        ),
        (
            lambda running: running.chart("sessions_by_channel")["params"].update(metrics=[]),
            "The chart 'Sessions by channel' shows no metric",
        ),
    ],
)  # fmt: skip
def test_what_declarations_cannot_say_is_refused_and_nothing_is_written(root, running, spoil, message):
    before = texts(root)
    running.chart("net_sales")["params"]["y_axis_format"] = ",.1f"
    spoil(running)
    with pytest.raises(DeployError) as refused:
        export(root, running)
    assert message in str(refused.value)
    assert "Next: " in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert texts(root) == before


def test_a_title_or_name_that_stands_for_nothing_is_refused(root, running):
    with pytest.raises(DeployError, match=r"no dashboard and no chart with the title 'Nothing'. Next: "):
        export(root, running, "Nothing")
    running.copy_dashboard("conversion", "Mine", with_charts=False)
    with pytest.raises(
        DeployError, match=r"--as names none that is declared. Next: --as one of conversion, "
    ):
        export(root, running, "Mine", "conversions")
    with pytest.raises(DeployError, match=r"'Orders' is a chart, and --as names none that is declared. Next"):
        export(root, running, "Orders")
