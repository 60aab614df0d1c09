"""The dashboard opens with data, and its figures are those of the warehouse."""

import re
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from ops import sql
from tests.browser import superset_page

pytestmark = [pytest.mark.stack, pytest.mark.browser]

ASSETS = Path(__file__).parents[2] / "superset" / "assets"
CHARTS = sorted(yaml.safe_load(path.read_text())["slice_name"] for path in (ASSETS / "charts").glob("*.yaml"))
FIGURES = {
    # Chart: the query that answers the same, and one unit of the last digit shown.
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
}


@pytest.fixture(scope="module")
def dashboard(chromium, superset):
    context = chromium.new_context(
        viewport={"width": 1440, "height": 2400}, locale="en-GB", timezone_id="UTC"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    superset_page.log_in(page, superset)
    charts = superset_page.open_dashboard(page, superset, "shop-overview", len(CHARTS))
    yield charts
    context.close()


def test_the_dashboard_has_every_chart(dashboard):
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
