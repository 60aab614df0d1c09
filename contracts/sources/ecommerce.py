"""Events of PostHog's e-commerce spec, and their properties that we rely on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Property:
    """A property of an event; `type` is a JSON Schema type or several."""

    name: str
    type: str | tuple[str, ...]
    doc: str
    required: bool = False


@dataclass(frozen=True)
class Event:
    """An event by its sender's name for it; other properties than the declared ones are kept."""

    name: str
    doc: str
    properties: tuple[Property, ...] = field(default=())


# A text of one SDK may be a number in another: both are read.
_ID = ("string", "integer")
_MONEY = ("string", "number")

COMMON = (
    Property("distinct_id", "string", "Who sent it, as known then: the customer's id, or the device's uuid"),
    Property("$device_id", "string", "The device; a visit belongs to it"),
    Property("$session_id", "string", "The sender's own idea of the visit; we cut visits ourselves"),
    Property("$user_id", "string", "The logged-in customer's id"),
    Property("$current_url", "string", "The page, with its query"),
    Property("$pathname", "string", "Path of the page; taken from `$current_url` where it is missing"),
    Property("$host", "string", "Host of the page; taken from `$current_url` where it is missing"),
    Property("$referring_domain", "string", "Domain of the page before, or `$direct`"),
    Property("$device_type", "string", "Desktop, Mobile or Tablet"),
    Property("$raw_user_agent", "string", "User agent; decides whether it is a robot"),
    Property("$ip", "string", "Address of the sender, which PostHog keeps among the properties"),
    Property("utm_source", "string", "Campaign source"),
    Property("utm_medium", "string", "Campaign medium"),
    Property("utm_campaign", "string", "Campaign name"),
    Property("gclid", "string", "Click id of Google Ads"),
    Property("msclkid", "string", "Click id of Microsoft Advertising"),
    Property("fbclid", "string", "Click id of Meta"),
    Property("ttclid", "string", "Click id of TikTok"),
)

_PRODUCT = (
    Property("product_id", _ID, "The shop's product id", required=True),
    Property("price", _MONEY, "Price of one piece; money as text keeps its cents"),
    Property("quantity", "integer", "Pieces"),
)
_CURRENCY = Property("currency", "string", "ISO 4217")
_CART = Property("cart_id", "string", "The cart")
_ORDER = Property("order_id", _ID, "The shop's order id", required=True)
_TOTAL = Property("total", _MONEY, "As the sender claims; the database decides")
_REVENUE = Property("revenue", _MONEY, "Without shipping and tax, as the sender claims")

EVENTS = (
    Event("$pageview", "A page was opened."),
    Event(
        "$identify",
        "A device's visitor logged in.",
        (Property("$anon_distinct_id", "string", "Who it was before"),),
    ),
    Event(
        "$create_alias",
        "A second id of the same person was named.",
        (Property("alias", "string", "The other id", required=True),),
    ),
    Event(
        "$merge_dangerously",
        "Two persons are said to be one, even if both are known.",
        (Property("alias", "string", "The other id", required=True),),
    ),
    Event(
        "Products Searched",
        "A visitor searched.",
        (
            Property("query", "string", "What for", required=True),
            Property("result_count", "integer", "How many products were found; beside the spec"),
        ),
    ),
    Event(
        "Product List Viewed",
        "A list of products was opened.",
        (Property("category", "string", "Which one"),),
    ),
    Event(
        "Product Viewed",
        "A product's page was opened.",
        (*_PRODUCT, _CURRENCY, Property("value", _MONEY, "Price × quantity")),
    ),
    Event("Product Added", "A product was put into the cart.", (_CART, *_PRODUCT, _CURRENCY)),
    Event("Product Removed", "A product was taken out of the cart.", (_CART, *_PRODUCT, _CURRENCY)),
    Event("Cart Viewed", "The cart was opened.", (_CART,)),
    Event(
        "Checkout Started",
        "The checkout was begun.",
        (_CART, _CURRENCY, Property("value", _MONEY, "Of the cart")),
    ),
    Event(
        "Payment Info Entered",
        "A way to pay was chosen.",
        (Property("payment_method", "string", "Which one"),),
    ),
    Event("Order Completed", "An order was placed.", (_ORDER, _TOTAL, _REVENUE, _CURRENCY)),
    Event("Order Refunded", "Money of an order went back.", (_ORDER, _TOTAL, _REVENUE, _CURRENCY)),
    Event("Order Cancelled", "An order was cancelled.", (_ORDER, _TOTAL, _REVENUE, _CURRENCY)),
)
