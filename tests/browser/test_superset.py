"""The dashboards open with data, and their figures are those of the warehouse."""

import re
from contextlib import closing
from decimal import Decimal

import pytest
import yaml

from ops import sql
from tests.browser import superset_page
from tests.browser.chromium import PATIENCE_MILLISECONDS

pytestmark = [pytest.mark.stack, pytest.mark.browser]

CHARTS = sorted(
    yaml.safe_load(path.read_text())["slice_name"]
    for path in (superset_page.ASSETS / "charts").glob("*.yaml")
)
FIGURES = {
    # Chart: the equivalent query, and one unit of the last digit shown.
    "Net sales": ("SELECT sum(net_sales) FROM mart.daily_sales", Decimal(1)),
    "Orders": ("SELECT sum(orders) FROM mart.daily_sales", Decimal(1)),
    "Average order value": (
        "SELECT sum(gross_sales - discounts) / sum(orders) FROM mart.daily_sales",
        Decimal("0.01"),
    ),
    "Conversion rate": (
        "SELECT 100.0 * sum(purchase_sessions) / sum(sessions) FROM mart.funnel_daily",
        Decimal("0.01"),
    ),
    "Sessions": ("SELECT count(*) FROM mart.sessions WHERE NOT is_bot", Decimal(1)),
    "Abandoned carts": (
        "SELECT 100.0 * avg((status = 'abandoned')::int) FROM mart.cart_abandonment"
        " WHERE status NOT IN ('emptied', 'open')",
        Decimal("0.1"),
    ),
    "Searches without results": (
        "SELECT 100.0 * sum(zero_result_searches) / sum(searches) FROM mart.search_terms",
        Decimal("0.1"),
    ),
    "Tracked web orders": (
        "SELECT 100.0 * sum(tracked_orders) / sum(orders) FROM mart.tracking_coverage"
        " WHERE sales_channel = 'web'",
        Decimal("0.1"),
    ),
}


@pytest.fixture(scope="module")
def dashboard(chromium, superset):
    """The charts of all dashboards by name."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 2400}, locale="en-GB", timezone_id="UTC"
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)  # two dozen charts, drawn by two busy cores
    page = context.new_page()
    superset_page.log_in(page, superset)
    yield superset_page.open_dashboards(page, superset)
    context.close()


def test_the_dashboards_have_every_chart(dashboard):
    assert sorted(dashboard) == CHARTS


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_shows_numbers_and_no_error(dashboard, name):
    chart = dashboard[name]
    assert chart.errors == []
    assert any(chart.numbers), f"{name} was answered with nothing but {chart.rows[:3]}"
    if chart.kind == "table":
        assert re.search(r"\d", chart.text.removeprefix(name))
    else:
        assert chart.canvas_colours > 10


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_that_of_the_warehouse(dashboard, settings, name):
    query, unit = FIGURES[name]
    with closing(sql.connect(settings)) as connection:
        expected = Decimal(sql.ask(connection, query).rows[0][0])
    assert abs(number_shown(dashboard[name]) - expected) <= unit / 2


def number_shown(chart):
    """The one number of a chart that shows one."""
    return Decimal(re.sub(r"[^\d.-]", "", chart.text.removeprefix(chart.name)))
