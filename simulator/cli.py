"""`python -m simulator`: load a shop, run it live, query its ledger."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from simulator.config import settings
from simulator.errors import SimulatorError
from simulator.ledger.figures import open_ledger
from simulator.scenarios.demo import DemoPlan
from simulator.scenarios.live import Pace, live_on
from simulator.scenarios.shops import SHOPS
from spark_jobs.settings import unusable

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Direct = Annotated[
    bool,
    typer.Option(
        "--direct/--gateway", help="Events straight into Kafka, or through the gateway by PostHog's SDK."
    ),
]
ShopName = StrEnum("ShopName", list(SHOPS))  # type: ignore[misc]


class Mart(StrEnum):
    """The marts for which the ledger has figures."""

    DAILY_SALES = "daily_sales"
    PRODUCT_DAILY = "product_daily"
    CUSTOMER_360 = "customer_360"
    FUNNEL_DAILY = "funnel_daily"
    SESSIONS = "sessions"
    CART_ABANDONMENT = "cart_abandonment"
    SEARCH_TERMS = "search_terms"
    CHANNEL_ATTRIBUTION = "channel_attribution"
    TRACKING_COVERAGE = "tracking_coverage"


@app.command()
def load(
    shop: Annotated[ShopName, typer.Option(help="Which shop.")] = ShopName("demo"),  # noqa: B008
    seed: Annotated[int, typer.Option(help="The same seed and --until give the same shop.")] = 7,
    days: Annotated[int, typer.Option(min=1, help="Length of the demo shop's past.")] = 90,
    customers: Annotated[int, typer.Option(min=20, help="Size; orders and events follow from it.")] = 2000,
    until: Annotated[datetime | None, typer.Option(help="End of the past, UTC. Now, if not given.")] = None,
    direct: Direct = True,
) -> None:
    """Fill an empty shop: MySQL tables and the events topic."""
    with _one_line_errors():
        began = time.monotonic()
        plan = DemoPlan(seed, until or _now(), days, customers, settings().shop_timezone)
        loaded = SHOPS[shop].load(settings(), plan, direct)
        counts = ", ".join(f"{count:,} {what}" for what, count in loaded.items())
        typer.echo(f"{shop}: {counts} in {time.monotonic() - began:.0f} s")


@app.command()
def live(
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="Stop after so many seconds.")] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Steps per minute; --now lives without waiting.")] = 20,
    now: Annotated[
        datetime | None, typer.Option(help="The moment of every step, UTC, for repeatable runs.")
    ] = None,
    direct: Direct = False,
) -> None:
    """Run the demo shop live: orders, sessions, status changes, refunds, prices, deletions."""
    with _one_line_errors():
        pace = Pace(steps=steps, seconds=seconds, per_minute=rate, now=now)
        done = live_on(settings(), pace, direct=direct)
        typer.echo(f"lived {done.steps} steps: {done.rows:,} rows changed, {done.events:,} events")


@app.command()
def ledger(
    total: Annotated[str | None, typer.Option(help="Print the sum of one figure, e.g. net_sales.")] = None,
    mart: Annotated[
        Mart, typer.Option(help="Print the expected rows of a mart as JSON lines.")
    ] = Mart.DAILY_SALES,
) -> None:
    """Print what the marts should show, from the simulator's own record."""
    with _one_line_errors():
        book = open_ledger(settings())
        if total is None:
            _print_rows(getattr(book, mart)())
            return
        try:
            typer.echo(book.total(total))
        except KeyError:
            raise SimulatorError(
                f"daily_sales has no figure {total}; try: ledger --total net_sales"
            ) from None


def _print_rows(rows: dict[Any, dict[str, Any]]) -> None:
    for key in sorted(rows):
        print(json.dumps({"key": key if isinstance(key, tuple) else (key,), **rows[key]}, default=str))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except SimulatorError as error:
        _stop(str(error))
    except ValidationError as error:
        _stop("\n".join(each.text() for each in unusable(error)))


def _stop(message: str) -> NoReturn:
    print(f"simulator: {message}", file=sys.stderr)
    raise typer.Exit(1)
