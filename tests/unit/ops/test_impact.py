"""`shoplake impact`: what a change to a table or column affects."""

import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

from contracts.registry import TABLES
from contracts.render.__main__ import ROOT
from deploy.errors import DeployError
from ops import impact
from ops.__main__ import app
from ops.superset import files

DECLARED = files.load(ROOT, TABLES)


def of(what):
    return impact.impact(*impact.parse(what), DECLARED, ROOT)


def readers(found):
    return {reader.table.id: reader.via for reader in found.readers}


def charts(found):
    return {chart.title: chart.how for chart in found.charts}


def test_a_column_of_a_mart_reaches_marts_metrics_and_charts():
    found = of("mart.daily_sales.net_sales")
    assert readers(found) == {"gold.order_trends": ()}
    assert found.metrics == {"net_sales": "SUM(net_sales)"}
    assert charts(found) == {
        "Net sales": "metric net_sales",
        "Net sales by day": "metric net_sales, its own SQL",
        "Net sales by sales channel": "metric net_sales",
    }
    [order_trends] = found.readers
    assert order_trends.charts == 2
    assert any(line.startswith("spark_jobs/gold/order_trends.py:") for line in order_trends.lines)


def test_a_part_of_a_ratio_reaches_the_ratio():
    found = of("gold.daily_sales.discounts")
    assert set(found.metrics) == {"discounts", "average_order_value"}
    assert charts(found) == {
        "Average order value": "metric average_order_value",
        "Orders and average order value by week": "metric average_order_value",
    }


def test_a_computed_column_and_a_query_count_too():
    assert charts(of("mart.daily_sales.is_complete")) == {
        "Net sales by day": "column completeness",
        "Orders and average order value by week": "column completeness",
    }
    assert charts(of("mart.funnel_daily.checkout_sessions")) == {
        "Funnel by day": "metric checkout_sessions",
        "Conversion funnel": "query funnel_steps names it",
    }


def test_a_silver_table_reaches_marts_through_others():
    found = readers(of("silver.refund_lines"))
    assert found["gold.refund_lines"] == ()
    assert found["gold.daily_sales"] == ("gold.refund_lines",)
    assert "silver.orders" not in found


def test_a_table_has_every_chart_on_it_and_no_lines():
    found = of("mart.search_terms")
    assert charts(found) == {
        "Searches without results": "dataset search_terms",
        "Search terms without results": "dataset search_terms",
    }
    assert all(reader.lines == () for reader in found.readers)


def test_helpers_that_a_mart_imports_are_searched():
    lines = [line for reader in of("silver.exchange_rates.rate").readers for line in reader.lines]
    assert any(line.startswith("spark_jobs/gold/exchange.py:") for line in lines)


def test_what_is_printed_says_what_is_a_hint():
    screen = io.StringIO()
    table, column = impact.parse("mart.daily_sales.net_sales")
    impact.show(table, column, of("mart.daily_sales.net_sales"), Console(file=screen, width=200))
    text = screen.getvalue()
    assert text.startswith("gold.daily_sales.net_sales: gross_sales − discounts − returns")
    assert "  gold.order_trends  2 charts\n" in text
    assert "  shop_overview: Net sales (metric net_sales)\n" in text
    assert "names the column is a hint, no proof" in text


def test_it_is_a_verb_of_the_command():
    done = CliRunner().invoke(app, ["impact", "silver.orders"])
    assert done.exit_code == 0
    assert "  gold.daily_sales  through gold.orders  7 charts\n" in done.output
    assert "hint" not in done.output


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("mart.daily_sale", "There is no table mart.daily_sale. Next: did you mean gold.daily_sales?"),
        ("xyz", "There is no table xyz. Next: docs/tables/README.md lists all tables"),
        (
            "mart.daily_sales.net_sale",
            "The table gold.daily_sales has no column 'net_sale'. Next: did you mean net_sales?",
        ),
    ],
)
def test_a_name_that_is_none_gets_the_nearest_one(what, message):
    with pytest.raises(DeployError) as refused:
        impact.parse(what)
    assert str(refused.value).startswith(message)
