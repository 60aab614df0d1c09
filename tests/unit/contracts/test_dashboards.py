"""Files generated from the declarations of charts and dashboards."""

import pytest
import yaml

from contracts.model import Column, ContractError, Layer, Table
from contracts.render import declarations, superset
from contracts.render.chart_types import Number
from contracts.render.chart_uses import uses

MART = Table(
    name="daily_things",
    layer=Layer.GOLD,
    grain="one row per day",
    doc="Things.",
    key=("thing_date",),
    columns=(
        Column("thing_date", "date", "Day"),
        Column("channel", "string", "Where"),
        Column("orders", "bigint", "Orders"),
        Column("net_sales", "decimal(28,4)", "Money"),
        Column("is_complete", "boolean", "Over"),
    ),
)
BIG = "{type: big_number, title: Net, description: Sum, dataset: daily_things, metric: net_sales}"

MIXED = "{type: mixed, title: Net, description: Sum, dataset: daily_things"
OTHER = f"{{title: A, description: A, rows: [{{height: 9, charts: [net]}}], charts: {{net: {BIG}}}}}"


def declare(chart=BIG, rows="[{height: 20, charts: [net]}]", **others):
    """A dashboard with one chart, and others; all in YAML."""
    words = f"{{title: Sales now, description: Now, rows: {rows}, charts: {{net: {chart}}}}}"
    texts = {"sales_now": words, **others}
    dashboards = {name: yaml.safe_load(text) for name, text in texts.items()}
    return declarations.declare(dashboards, {}, {MART.id: MART})


def assets(declared):
    return {path.rsplit("/", 1)[1]: yaml.safe_load(text) for path, text in declared.outputs().items()}


def params(declared):
    return assets(declared)["net.yaml"]["params"]


def test_a_chart_takes_dates_format_and_currency_from_its_dataset():
    chart = assets(declare())["net.yaml"]
    assert chart["slice_name"] == "Net"
    assert chart["viz_type"] == chart["params"]["viz_type"] == "big_number"
    assert chart["dataset_uuid"] == superset.asset_uuid("dataset", "daily_things")
    assert chart["uuid"] == superset.asset_uuid("chart", "net")
    assert chart["is_managed_externally"]
    assert chart["params"]["metric"] == "net_sales"
    assert chart["params"]["x_axis"] == "thing_date"
    assert chart["params"]["adhoc_filters"][-1]["subject"] == "thing_date"
    assert chart["params"]["y_axis_format"] == ",.0f"
    assert chart["params"]["currency_format"]["symbol"] == "${REPORTING_CURRENCY}"


def test_an_uuid_that_was_imported_before_is_kept():
    uuid = "11111111-1111-5111-8111-111111111111"
    files = assets(declare(BIG.replace("}", f", uuid: {uuid}}}")))
    assert files["net.yaml"]["uuid"] == uuid
    assert files["sales_now.yaml"]["position"]["CHART-net"]["meta"]["uuid"] == uuid


def test_an_option_wins_and_null_leaves_a_parameter_out():
    chart = BIG.replace("}", ", options: {show_trend_line: false, color_picker: null, limits: [0, 9]}}")
    found = params(declare(chart))
    assert found["show_trend_line"] is False
    assert "color_picker" not in found
    assert found["limits"] == [0, 9]


def test_axes_are_named_after_grain_and_metric():
    base = "{type: bar, title: Net, description: Sum, dataset: daily_things, metrics: net_sales"
    week = params(declare(f"{base}, by: channel}}"))
    assert week["groupby"] == ["channel"]
    assert (week["time_grain_sqla"], week["x_axis_title"]) == ("P1W", "Week from")
    assert week["y_axis_title"] == "Net sales, ${REPORTING_CURRENCY}"
    day = params(declare(f"{base}, every: day, y_title: Money, y_format: '.1f'}}"))
    assert (day["time_grain_sqla"], day["x_axis_title"]) == ("P1D", "Day")
    assert (day["y_axis_title"], day["y_axis_format"]) == ("Money", ".1f")


def test_a_line_beside_bars_has_its_own_conditions_and_axis():
    found = params(
        declare(
            "{type: mixed, title: Net, description: Sum, dataset: daily_things,"
            " bars: {metrics: orders, by: completeness},"
            " line: {metrics: net_sales, where: is_complete, mean_of: 7, axis: right}}"
        )
    )
    assert (found["metrics"], found["metrics_b"]) == (["orders"], ["net_sales"])
    assert [each.get("sqlExpression") for each in found["adhoc_filters"]] == [None]
    assert [each.get("sqlExpression") for each in found["adhoc_filters_b"]] == ["is_complete", None]
    assert (found["rolling_type_b"], found["rolling_periods_b"]) == ("mean", 7)
    assert (found["yAxisIndex"], found["yAxisIndexB"]) == (0, 1)
    assert found["yAxisTitleSecondary"] == "Net sales, ${REPORTING_CURRENCY}"


def test_a_table_prints_each_column_as_its_kind():
    found = params(
        declare(
            "{type: table, title: Net, description: Sum, dataset: daily_things, by: channel,"
            " metrics: [orders, net_sales, {label: Share, sql: AVG(orders), format: .1%}],"
            " labels: {channel: Where, orders: Bought}, sort_by: net_sales, bars: net_sales}"
        )
    )
    assert found["query_mode"] == "aggregate"
    assert found["timeseries_limit_metric"] == "net_sales"
    currency = {"symbol": "${REPORTING_CURRENCY}", "symbolPosition": "suffix"}
    assert found["column_config"] == {
        "channel": {"customColumnName": "Where"},
        "orders": {"d3NumberFormat": ",d", "customColumnName": "Bought", "showCellBars": False},
        "net_sales": {"d3NumberFormat": ",.0f", "currencyFormat": currency},
        "Share": {"d3NumberFormat": ".1%", "showCellBars": False},
    }


def test_a_table_of_rows_is_sorted_and_coloured():
    found = params(
        declare(
            "{type: table, title: Net, description: Sum, dataset: daily_things,"
            " columns: [thing_date, net_sales], sort_by: -thing_date, colour_by_sign: net_sales}"
        )
    )
    assert found["query_mode"] == "raw"
    assert found["order_by_cols"] == ['["thing_date", false]']
    assert [each["operator"] for each in found["conditional_formatting"]] == ["<", ">"]


def test_a_type_without_words_of_its_own_is_superset_s():
    chart = "{type: pie, title: Net, description: Sum, dataset: daily_things, options: {metric: net_sales}}"
    asset = assets(declare(chart))["net.yaml"]
    assert asset["viz_type"] == "pie"
    assert asset["params"] == {"viz_type": "pie", "metric": "net_sales"}


def test_rows_become_a_layout():
    rows = "[{note: All in all}, {height: 20, charts: {net: {width: 12, height: 30}}}]"
    dashboard = assets(declare(rows=rows))["sales_now.yaml"]
    position = dashboard["position"]
    assert dashboard["slug"] == "sales-now"
    assert position["GRID_ID"]["children"] == ["ROW-basis", "ROW-1"]
    assert position["MARKDOWN-basis"]["meta"] == {"width": 12, "height": 8, "code": "All in all"}
    assert position["CHART-net"]["parents"] == ["ROOT_ID", "GRID_ID", "ROW-1"]
    assert position["CHART-net"]["meta"]["width"] == 12
    assert position["CHART-net"]["meta"]["height"] == 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"chart": BIG.replace("net_sales", "net_sale")},
            "no metric 'net_sale'; it has orders, net_sales",
        ),
        ({"chart": BIG.replace("daily_things", "things")}, "no dataset 'things'; there are daily_things"),
        ({"chart": BIG.replace("title: Net, ", "")}, "chart net lacks title"),
        ({"chart": BIG.replace("}", ", colour: red}")}, "chart net does not know colour; it knows"),
        ({"chart": BIG.replace("}", ", date: day}")}, "has no column 'day'"),
        ({"chart": BIG.replace("}", ", every: hour}")}, "every must be one of day, week, month"),
        ({"chart": BIG.replace("big_number", "pie")}, "chart net lacks options"),
        ({"chart": BIG.replace("title: Net", "title: 7")}, "chart net: title must be text"),
        (
            {"chart": f"{MIXED}, bars: {{metrics: orders}}, line: {{metric: orders}}}}"},
            "net: line lacks metrics",
        ),
        ({"rows": "[{height: 20, charts: {net: 7}}]"}, "row 1: the widths of its charts do not add up to 12"),
        ({"rows": "{height: 20}"}, "rows is a list, charts has the charts by name"),
        ({"rows": "[{height: 20, charts: net}]"}, "row 1: charts is a list of names, or widths by name"),
        ({"rows": "[{charts: [net]}]"}, "row 1 needs a height"),
        ({"rows": "[{height: 20, charts: [net, gross]}]"}, "rows name gross, which charts does not declare"),
        ({"rows": "[{note: Nothing}]"}, "net must be in exactly one row"),
        (
            {"other": OTHER},
            "the chart net is also declared in superset/dashboards/sales_now.yaml",
        ),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(change, message):
    with pytest.raises(ContractError) as refused:
        declare(**change)
    assert message in str(refused.value)
    assert str(refused.value).startswith("superset/dashboards/")


@pytest.mark.parametrize(
    "word", ["sort_by: orders", "formats: {orders: .1f}", "labels: {orders: No}", "bars: orders"]
)
def test_a_word_about_a_column_that_a_table_does_not_show_is_refused(word):
    base = (
        "{type: table, title: Net, description: Sum, dataset: daily_things, by: channel, metrics: net_sales"
    )
    with pytest.raises(ContractError, match="names 'orders', which the table does not show"):
        declare(f"{base}, {word}}}")


@pytest.mark.parametrize("word", ["money", "money ,.2f", ",d", ".1%"])
def test_a_number_reads_back_as_its_word(word):
    assert Number.parse(word).word() == word


def test_uses_are_metrics_columns_and_the_words_of_its_sql():
    used = uses(
        {
            "metrics": ["orders", {"sqlExpression": "SUM(net_sales)"}],
            "groupby": ["channel"],
            "adhoc_filters": [
                {"expressionType": "SQL", "sqlExpression": "is_complete"},
                {"expressionType": "SIMPLE", "subject": "day"},
            ],
            "order_by_cols": ['["place", true]'],
        }
    )
    assert used.metrics == {"orders"}
    assert used.columns == {"channel", "day", "place"}
    assert used.names_in_sql("net_sales")
    assert used.names_in_sql("is_complete")
    assert not used.names_in_sql("sales")
