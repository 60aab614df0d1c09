"""An order's money adds up to the cent, whatever is in the cart."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from simulator.shop.orders import included_tax, spread
from storefront.money import Bill, Coupon, Product, bill

prices = st.decimals("0.01", "5000", places=2)
carts = st.lists(
    st.tuples(prices, st.integers(1, 99), st.sampled_from(["Books", "Living"])), min_size=1, max_size=8
)
coupons = st.none() | st.builds(
    Coupon,
    st.just(1),
    st.just("C"),
    st.sampled_from(["percent", "fixed"]),
    st.decimals("0.5", "60", places=2),
)


def made(cart: list[tuple[Decimal, int, str]], coupon: Coupon | None = None) -> Bill:
    products = [
        (Product(number, f"S{number}", "n", None, None, department, price, "EUR"), quantity)
        for number, (price, quantity, department) in enumerate(cart)
    ]
    return bill(products, coupon)


@given(carts, coupons)
def test_the_parts_are_the_whole(cart: list[tuple[Decimal, int, str]], coupon: Coupon | None) -> None:
    owed = made(cart, coupon)
    assert owed.net + owed.tax + owed.shipping == owed.total
    assert sum(line.discount_share for line in owed.lines) == owed.discount
    assert all(line.tax >= 0 and line.net >= 0 for line in owed.lines)


@given(carts, coupons)
def test_shares_and_tax_are_those_of_the_rest_of_the_shop(
    cart: list[tuple[Decimal, int, str]], coupon: Coupon | None
) -> None:
    owed = made(cart, coupon)
    values = [line.listed for line in owed.lines]
    assert [line.discount_share for line in owed.lines] == spread(owed.discount, values)
    for line in owed.lines:
        assert line.tax == included_tax(line.listed - line.discount_share, line.tax_rate)


def test_books_are_taxed_less_and_a_large_order_is_sent_free_of_charge() -> None:
    owed = made([(Decimal("10.70"), 1, "Books"), (Decimal("119.00"), 1, "Living")])
    assert [line.tax for line in owed.lines] == [Decimal("0.70"), Decimal("19.00")]
    assert (owed.shipping, owed.total) == (0, Decimal("129.70"))
    assert made([(Decimal("10.70"), 1, "Books")]).total == Decimal("15.65")  # 4.16 and its tax, 0.79


def test_a_fixed_coupon_takes_at_most_half() -> None:
    assert made([(Decimal("8.00"), 1, "Living")], Coupon(1, "TAKE5", "fixed", Decimal(5))).discount == 4
