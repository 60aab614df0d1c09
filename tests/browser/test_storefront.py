"""A purchase in the storefront reaches the dashboard's tables with the next run.

It adds an order to the demo shop that the simulator's ledger does not know: these tests come last.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from tenacity import retry, stop_after_delay, wait_fixed

from deploy.processes import mariadb
from tests.browser.chromium import PATIENCE_MILLISECONDS
from tests.integration.servers import Environment
from tests.stack.pipeline import query, run_steps, shoplake

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.last]
# Headless Chromium identifies itself as headless, which makes a session a bot's.
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
EMAIL = f"{uuid.uuid4().hex[:12]}@shop.example"


@dataclass
class Bought:
    """What the person and the browser say."""

    number: str
    total: Decimal
    devices: list[str]  # before, during and after the login
    refused: list[str]  # requests that the gateway or the pages refused


def visit(chromium, demo):
    context = chromium.new_context(
        user_agent=AGENT, viewport={"width": 1280, "height": 900}, locale="en-GB", base_url=shop_url(demo)
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    return context


def shop_url(demo):
    return f"http://127.0.0.1:{demo.settings.storefront_port}"


@pytest.fixture(scope="module")
def bought(chromium, demo):
    """Anonymous at first, then a new customer: search, product, cart, login, checkout, logout."""
    context = visit(chromium, demo)
    page, refused = context.new_page(), []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    page.goto("/?utm_source=friends&utm_medium=email&utm_campaign=spring")
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("navigation", name="Departments").get_by_role("link").first.click()
    page.get_by_role("searchbox", name="Search products").fill("Classic")
    page.get_by_role("button", name="Search").click()
    page.locator(".grid a").first.click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Go to checkout").click()
    devices = [distinct_id(page)]
    page.get_by_role("main").get_by_role("link", name="Log in").click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("First name").fill("Ada")
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    for label, text in (("Street and number", "Seestraße 1"), ("Postal code", "10115"), ("City", "Berlin")):
        page.get_by_label(label).fill(text)
    page.get_by_label("Coupon").fill("WELCOME10")
    devices.append(distinct_id(page))
    page.get_by_role("button", name="Place order").click()
    number = page.locator("#number").inner_text()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_function("id => window.posthog && window.posthog.get_distinct_id() !== id", arg=devices[1])
    devices.append(distinct_id(page))
    page.close(run_before_unload=True)
    context.close()
    with mariadb.connect(demo.home) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT total_amount FROM orders WHERE order_number = %s", (number,))
        (total,) = cursor.fetchone()
    wait_for_events(demo, "Order Completed", "Payment Info Entered", "$pageleave")
    run_steps(Environment(demo.program_environment()), "storefront")
    return Bought(number, total, devices, refused)


def distinct_id(page):
    page.wait_for_function("() => window.posthog && window.posthog.get_distinct_id()")
    return page.evaluate("() => window.posthog.get_distinct_id()")


@retry(stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)
def wait_for_events(demo, *names):
    """SDKs send in their own time, and the stream commits in its own."""
    bronze = DeltaTable(f"{demo.settings.lake_uri}/bronze/events").to_pyarrow_dataset()
    of_shop = pc.match_substring(pc.field("value"), shop_url(demo).removeprefix("http://"))
    sent = bronze.to_table(columns=["value"], filter=of_shop)["value"].to_pylist()
    missing = [name for name in names if not any(f'"event":"{name}"' in value for value in sent)]
    assert missing == []


@pytest.fixture(scope="module")
def trace(bought, home):
    done = shoplake(home, "trace", bought.number, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_was_refused(bought):
    assert bought.refused == []


def test_the_order_is_in_the_marts_to_the_cent(demo, bought, trace):
    assert trace["verdict"] == "It counts."
    lines = query(
        demo.settings,
        f"SELECT units, net_amount, line_tax FROM mart.order_lines WHERE order_id = {trace['order_id']}",
    )
    order = trace["gold"]["orders"][0]
    assert [units for units, *_ in lines] == [2]
    assert (
        sum(net + tax for _, net, tax in lines)
        + Decimal(order["shipping_amount"])
        + Decimal(order["shipping_tax"])
        == bought.total
    )
    assert Decimal(order["discounts"]) > 0
    (payment,) = trace["silver"]["payments"]
    assert (payment["status"], Decimal(payment["amount"])) == ("captured", bought.total)


def test_its_session_is_one_and_purchased(demo, trace):
    order_id, customer_id = trace["order_id"], trace["gold"]["orders"][0]["customer_id"]
    (session,) = query(
        demo.settings,
        "SELECT session_id, channel, orders, customer_id, is_bot, search_count, product_view_count,"
        f" cart_add_count, checkout_count, payment_count FROM mart.sessions WHERE order_id = {order_id}",
    )
    assert session == (
        trace["silver"]["sessions"][0]["session_id"],
        "email",
        1,
        customer_id,
        False,
        1,
        1,
        1,
        1,
        1,
    )


def test_every_event_of_the_visit_came_once(trace):
    names = Counter(event["event_name"] for event in trace["events"])
    once = ("Products Searched", "Product Viewed", "Product Added", "Cart Viewed", "Checkout Started")
    once += ("$identify", "Payment Info Entered", "Order Completed")
    assert {name: names[name] for name in once} == dict.fromkeys(once, 1)
    assert names["$pageview"] >= 8 and names["$autocapture"] >= 3 and names["$pageleave"] >= 1
    assert len({event["event_id"] for event in trace["events"]}) == len(trace["events"])


def test_the_order_that_the_backend_told_of_is_the_databases(bought, trace):
    (told,) = [event for event in trace["events"] if event["event_name"] == "Order Completed"]
    assert Decimal(told["value_amount"]) == bought.total
    (coverage,) = [part for part in trace["parts"] if part["mart"] == "tracking_coverage"]
    assert coverage["counts"]["tracked_orders"] == 1


def test_before_and_after_the_login_is_one_person_and_after_the_logout_another(bought, trace):
    before, customer, after = bought.devices
    assert customer == str(trace["gold"]["orders"][0]["customer_id"])
    assert {before, customer} <= {row["distinct_id"] for row in trace["ids"]}
    assert after not in {row["distinct_id"] for row in trace["ids"]}


def test_trace_shows_the_order_and_its_session(home, bought, trace):
    said = shoplake(home, "trace", bought.number).stdout
    assert f"Order {trace['order_id']} {bought.number}  It counts." in said.splitlines()
    for words in (
        trace["silver"]["sessions"][0]["session_id"],
        "Order Completed",
        "daily_sales",
        "order_lines",
    ):
        assert words in said


def test_who_declines_is_not_tracked_and_can_buy(chromium, demo):
    context = visit(chromium, demo)
    page, sent = context.new_page(), []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.goto("/")
    page.get_by_role("button", name="Decline").click()
    page.goto("/search?q=Classic")
    page.locator(".grid a").first.click()
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Go to checkout").click()
    assert not page.get_by_role("button", name="Accept").is_visible()
    context.close()
    events = [
        request.url for request in sent if shop_url(demo) not in request.url and "/flags" not in request.url
    ]
    assert events == []
