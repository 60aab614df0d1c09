"""Where the shop sells: currencies, taxes, exchange rates, and names as people there have them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from simulator.state import State

CENT = Decimal("0.01")
SHOP_CURRENCY = "EUR"


def cents(amount: Decimal) -> Decimal:
    """Half-even to two places: every currency of the demo shop has two."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Market:
    """One country: its currency, what prices look like there, and its tax."""

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


def _market(
    country: str, weight: float, locale: str, currency: str, factor: str, rates: tuple[str, str], included: bool,
    shipping: str, cities: tuple[tuple[str, str, str | None], ...], dial: str,
) -> Market:  # fmt: skip
    standard, reduced = rates
    return Market(country, weight, locale, currency, Decimal(factor), Decimal(standard), Decimal(reduced), included,
                  Decimal(shipping), cities, dial)  # fmt: skip


MARKETS: dict[str, Market] = {
    market.country: market
    for market in (
        _market("DE", 38, "de-DE", "EUR", "1", ("0.19", "0.07"), True, "4.16",
                (("Berlin", "10115", None), ("München", "80331", "Bayern"), ("Köln", "50667", None)), "+49"),
        _market("FR", 12, "fr-FR", "EUR", "1", ("0.20", "0.055"), True, "5.75",
                (("Paris", "75004", None), ("Saint-Étienne", "42000", "Loire")), "+33"),
        _market("NL", 9, "nl-NL", "EUR", "1", ("0.21", "0.09"), True, "4.95",
                (("Amsterdam", "1012 AB", None), ("'s-Hertogenbosch", "5211 AX", None)), "+31"),
        _market("GB", 16, "en-GB", "GBP", "0.87", ("0.20", "0"), True, "4.15",
                (("London", "SW1A 1AA", None), ("Llanfairpwllgwyngyll", "LL61 5UJ", "Ynys Môn")), "+44"),
        _market("SE", 8, "sv-SE", "SEK", "11.2", ("0.25", "0.06"), True, "49.00",
                (("Malmö", "211 22", None), ("Göteborg", "411 03", None)), "+46"),
        _market("US", 14, "en-US", "USD", "1.05", ("0.0825", "0"), False, "7.90",
                (("Austin", "73301", "TX"), ("San José", "95112", "CA"), ("New York", "10001", "NY")), "+1"),
        _market("CH", 3, "de-CH", "CHF", "0.97", ("0.081", "0.026"), True, "7.00",
                (("Zürich", "8001", None), ("Genève", "1201", None)), "+41"),
    )
}  # fmt: skip

START_RATES = {"GBP": Decimal("1.15120000"), "USD": Decimal("0.92410000"), "SEK": Decimal("0.08765000"),
               "CHF": Decimal("1.03300000")}  # fmt: skip


def pick_market(rng: random.Random) -> Market:
    """A market, by its share of the shop's customers."""
    return rng.choices(list(MARKETS.values()), [market.weight for market in MARKETS.values()])[0]


def local_price(market: Market, price: Decimal) -> Decimal:
    """A list price in EUR as it is shown in a market: whole kronor, `.95` elsewhere abroad."""
    if market.currency == SHOP_CURRENCY:
        return price
    amount = (price * market.price_factor).to_integral_value()
    return cents(max(amount, Decimal(1)) if market.currency == "SEK" else max(amount, Decimal(1)) - Decimal("0.05"))


def add_rates(state: State, first: date, last: date, now: datetime, rng: random.Random) -> None:
    """One rate per currency and day, base in EUR, each day a small step from the day before."""
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
            state.add("exchange_rates", rate_date=day, base_currency=currency, quote_currency=SHOP_CURRENCY,
                      rate=current[currency], updated_at=known_at)  # fmt: skip
