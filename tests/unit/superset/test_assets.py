"""Charts and dashboards use only what their datasets have, so that a changed contract fails here first."""

import re
from pathlib import Path

import pytest
import yaml

ASSETS = Path(__file__).parents[3] / "superset" / "assets"


def load(folder):
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ASSETS / folder).rglob("*.yaml"))}


DATASETS = {dataset["uuid"]: dataset for dataset in load("datasets").values()}
CHARTS = load("charts")
DASHBOARDS = load("dashboards")
DATABASE = load("databases")["warehouse"]


def as_list(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def used_metrics(params):
    names = ("metric", "metrics", "metrics_b", "timeseries_limit_metric", "percent_metrics")
    return {each for name in names for each in as_list(params.get(name)) if isinstance(each, str)}


def used_columns(params):
    names = ("x_axis", "groupby", "groupby_b", "all_columns")
    used = {each for name in names for each in as_list(params.get(name))}
    filters = [*params.get("adhoc_filters", []), *params.get("adhoc_filters_b", [])]
    return used | {each["subject"] for each in filters if each["expressionType"] == "SIMPLE"}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_uses_metrics_and_columns_of_its_dataset(name):
    chart = CHARTS[name]
    dataset = DATASETS[chart["dataset_uuid"]]
    assert used_metrics(chart["params"]) <= {metric["metric_name"] for metric in dataset["metrics"]}
    assert used_columns(chart["params"]) <= {column["column_name"] for column in dataset["columns"]}
    assert chart["params"]["viz_type"] == chart["viz_type"]
    assert chart["description"]


@pytest.mark.parametrize("name", CHARTS)
def test_every_query_of_a_chart_obeys_the_date_filter(name):
    params = CHARTS[name]["params"]
    queries = [key for key in ("adhoc_filters", "adhoc_filters_b") if key in params]
    assert len(queries) == (2 if CHARTS[name]["viz_type"] == "mixed_timeseries" else 1)
    for key in queries:
        assert [each["operator"] for each in params[key] if "operator" in each] == ["TEMPORAL_RANGE"]


def test_each_chart_is_on_one_dashboard():
    charts = [part for dashboard in DASHBOARDS.values() for part in parts_of(dashboard, "CHART")]
    assert sorted(part["meta"]["uuid"] for part in charts) == sorted(
        chart["uuid"] for chart in CHARTS.values()
    )
    titles = {chart["uuid"]: chart["slice_name"] for chart in CHARTS.values()}
    assert all(part["meta"]["sliceName"] == titles[part["meta"]["uuid"]] for part in charts)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_rows_of_a_dashboard_are_full(name):
    position = DASHBOARDS[name]["position"]
    for row in parts_of(DASHBOARDS[name], "ROW"):
        assert sum(position[child]["meta"]["width"] for child in row["children"]) == 12


def parts_of(dashboard, kind):
    return [
        part for part in dashboard["position"].values() if isinstance(part, dict) and part["type"] == kind
    ]


def test_every_asset_has_its_own_uuid_and_is_marked_as_ours():
    assets = [DATABASE, *DATASETS.values(), *CHARTS.values(), *DASHBOARDS.values()]
    assert len({asset["uuid"] for asset in assets}) == len(assets)
    assert all(asset["is_managed_externally"] for asset in assets)
    assert all(dataset["database_uuid"] == DATABASE["uuid"] for dataset in DATASETS.values())


def test_no_password_is_in_git():
    assert re.search(r"://[^:]+:(X+)@", DATABASE["sqlalchemy_uri"])
    assert not DATABASE["allow_dml"]
