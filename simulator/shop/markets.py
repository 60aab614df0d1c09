"""The shop's markets: currencies, taxes, exchange rates, and local names."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from simulator.state import State

CENT = Decimal("0.01")
SHOP_CURRENCY = "EUR"


def cents(amount: Decimal) -> Decimal:
    """Round half-even to two places: every currency of the demo shop has two."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Market:
    """One country: its currency, its price endings and its tax."""

    country: str
    weight: float
    locale: str
    currency: str
    price_factor: Decimal
    standard_rate: Decimal
    reduced_rate: Decimal
    tax_included: bool
    shipping: Decimal
    cities: tuple[tuple[str, str, str | None], ...]  # city, postal code, region
    dial: str


_ALL = (
    Market(
        country="DE",
        currency="EUR",
        price_factor=Decimal("1"),
        tax_included=True,
        weight=38,
        standard_rate=Decimal("0.19"),
        reduced_rate=Decimal("0.07"),
        shipping=Decimal("4.16"),
        locale="de-DE",
        dial="+49",
        cities=(("Berlin", "10115", None), ("München", "80331", "Bayern"), ("Köln", "50667", None)),
    ),
    Market(
        country="FR",
        currency="EUR",
        price_factor=Decimal("1"),
        tax_included=True,
        weight=12,
        standard_rate=Decimal("0.20"),
        reduced_rate=Decimal("0.055"),
        shipping=Decimal("5.75"),
        locale="fr-FR",
        dial="+33",
        cities=(("Paris", "75004", None), ("Saint-Étienne", "42000", "Loire")),
    ),
    Market(
        country="NL",
        currency="EUR",
        price_factor=Decimal("1"),
        tax_included=True,
        weight=9,
        standard_rate=Decimal("0.21"),
        reduced_rate=Decimal("0.09"),
        shipping=Decimal("4.95"),
        locale="nl-NL",
        dial="+31",
        cities=(("Amsterdam", "1012 AB", None), ("'s-Hertogenbosch", "5211 AX", None)),
    ),
    Market(
        country="GB",
        currency="GBP",
        price_factor=Decimal("0.87"),
        tax_included=True,
        weight=16,
        standard_rate=Decimal("0.20"),
        reduced_rate=Decimal("0"),
        shipping=Decimal("4.15"),
        locale="en-GB",
        dial="+44",
        cities=(("London", "SW1A 1AA", None), ("Llanfairpwllgwyngyll", "LL61 5UJ", "Ynys Môn")),
    ),
    Market(
        country="SE",
        currency="SEK",
        price_factor=Decimal("11.2"),
        tax_included=True,
        weight=8,
        standard_rate=Decimal("0.25"),
        reduced_rate=Decimal("0.06"),
        shipping=Decimal("49.00"),
        locale="sv-SE",
        dial="+46",
        cities=(("Malmö", "211 22", None), ("Göteborg", "411 03", None)),
    ),
    Market(
        country="US",
        currency="USD",
        price_factor=Decimal("1.05"),
        tax_included=False,
        weight=14,
        standard_rate=Decimal("0.0825"),
        reduced_rate=Decimal("0"),
        shipping=Decimal("7.90"),
        locale="en-US",
        dial="+1",
        cities=(("Austin", "73301", "TX"), ("San José", "95112", "CA"), ("New York", "10001", "NY")),
    ),
    Market(
        country="CH",
        currency="CHF",
        price_factor=Decimal("0.97"),
        tax_included=True,
        weight=3,
        standard_rate=Decimal("0.081"),
        reduced_rate=Decimal("0.026"),
        shipping=Decimal("7.00"),
        locale="de-CH",
        dial="+41",
        cities=(("Zürich", "8001", None), ("Genève", "1201", None)),
    ),
)
MARKETS: dict[str, Market] = {market.country: market for market in _ALL}

START_RATES = {
    "GBP": Decimal("1.15120000"),
    "USD": Decimal("0.92410000"),
    "SEK": Decimal("0.08765000"),
    "CHF": Decimal("1.03300000"),
}


def pick_market(rng: random.Random) -> Market:
    """Pick a market by its share of the shop's customers."""
    return rng.choices(list(MARKETS.values()), [market.weight for market in MARKETS.values()])[0]


def local_price(market: Market, price: Decimal) -> Decimal:
    """Return a list price in EUR as shown in a market: whole kronor, `.95` elsewhere abroad."""
    if market.currency == SHOP_CURRENCY:
        return price
    amount = (price * market.price_factor).to_integral_value()
    return cents(
        max(amount, Decimal(1)) if market.currency == "SEK" else max(amount, Decimal(1)) - Decimal("0.05")
    )


def add_rates(state: State, first: date, last: date, now: datetime, rng: random.Random) -> None:
    """Add one rate per currency and day, base in EUR, each a small step from the day before."""
    current = dict(START_RATES)
    for row in state.rows("exchange_rates"):
        current[row["base_currency"]] = row["rate"]
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for currency, rate in current.items():
            if (day, currency, SHOP_CURRENCY) in state.tables["exchange_rates"]:
                continue
            step = Decimal(str(round(rng.gauss(1, 0.004), 6)))
            current[currency] = (rate * step).quantize(Decimal("0.00000001"))
            known_at = min(now, datetime(day.year, day.month, day.day, 4, 15))
            state.add(
                "exchange_rates",
                rate_date=day,
                base_currency=currency,
                quote_currency=SHOP_CURRENCY,
                rate=current[currency],
                updated_at=known_at,
            )
