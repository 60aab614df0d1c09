"""The storefront's pages: catalogue, search, product, cart, login, checkout."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from asyncmy.errors import MySQLError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from storefront.money import Product, bill, order_properties, product_properties
from storefront.settings import StorefrontSettings
from storefront.shop import METHODS, PAGE_SIZE, Buyer, Shop
from storefront.tracking import Backend

LOG = logging.getLogger("storefront")
FOLDER = Path(__file__).parent
# A cart is kept in the visitor's cookie, so its size is limited.
MAX_PRODUCTS, MAX_UNITS = 20, 99
FIELDS = ("email", "name", "line1", "postal_code", "city")
Event = tuple[str, dict[str, Any]]

templates = Jinja2Templates(FOLDER / "templates")
templates.env.filters["money"] = lambda amount: f"{amount:,.2f}"


def create_app(settings: StorefrontSettings) -> Starlette:
    """Create the storefront as an ASGI application."""
    is_tracked = settings.storefront_posthog_js.is_file()
    if not is_tracked:
        LOG.warning("No %s: pages are not tracked. Next: make install", settings.storefront_posthog_js)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.settings, app.state.is_tracked = settings, is_tracked
        app.state.shop, app.state.backend = Shop(settings), Backend(settings)
        yield
        app.state.backend.close()

    routes = [
        Route("/", listing),
        Route("/categories/{slug}", listing),
        Route("/search", search),
        Route("/products/{product_id:int}", product),
        Route("/cart", cart),
        Route("/cart", change_cart, methods=["POST"]),
        Route("/login", login),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
        Route("/checkout", checkout),
        Route("/checkout", place_order, methods=["POST"]),
        Route("/thanks", thanks),
        Route("/healthz", health),
        Route("/posthog.js", posthog_js),
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
    ]
    middleware = [
        # Pages of other sites can neither pose as this one nor use its cookie.
        Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
        # The key is new in each process: after a restart, carts are empty and everybody is logged out.
        Middleware(SessionMiddleware, secret_key=secrets.token_hex(32), session_cookie="storefront"),
    ]
    handlers = {HTTPException: _failed, MySQLError: _shop_is_away, OSError: _shop_is_away}
    return Starlette(routes=routes, middleware=middleware, exception_handlers=handlers, lifespan=lifespan)  # type: ignore[arg-type]


# -- catalogue ----------------------------------------------------------------------------------------------


async def listing(request: Request) -> Response:
    """Show the products of a category, or all products."""
    slug = request.path_params.get("slug", "")
    categories = await _shop(request).categories()
    chosen = next((row for row in categories if row["slug"] == slug), None)
    if slug and not chosen:
        raise HTTPException(404, "There is no such category.")
    number = _page_number(request)
    products, count = await _shop(request).products(slug=slug, page=number)
    title = chosen["name"] if chosen else "Everything"
    shown = {"list_id": "grid", "category": title, "products": _listed(products)}
    return await _page(
        request,
        "list.html",
        [("Product List Viewed", shown)],
        title=title,
        products=products,
        count=count,
        number=number,
        pages=-(-count // PAGE_SIZE),
        path=request.url.path + "?",
    )


async def search(request: Request) -> Response:
    """Show the results of a search."""
    query, number = " ".join(request.query_params.get("q", "").split())[:200], _page_number(request)
    products, count = await _shop(request).products(query=query, page=number)
    events = [("Products Searched", {"query": query, "result_count": count})] if query and number == 1 else []
    return await _page(
        request,
        "list.html",
        events,
        title=f"Search: {query}",
        query=query,
        products=products,
        count=count,
        number=number,
        pages=-(-count // PAGE_SIZE),
        path=str(request.url.include_query_params(q=query).remove_query_params("page")) + "&",
    )


async def product(request: Request) -> Response:
    """Show a product."""
    product_id = request.path_params["product_id"]
    found = (await _shop(request).products_by_id([product_id])).get(product_id)
    if not found:
        raise HTTPException(404, "This product is not on sale.")
    seen = {**product_properties(found), "currency": found.currency, "value": str(found.price)}
    return await _page(request, "product.html", [("Product Viewed", seen)], title=found.name, product=found)


# -- cart ---------------------------------------------------------------------------------------------------


async def cart(request: Request) -> Response:
    """Show the cart."""
    lines = await _cart_lines(request)
    named = [product_properties(product, quantity) for product, quantity in lines]
    viewed = {"cart_id": _cart_id(request), "products": named}
    owed = bill(lines) if lines else None
    return await _page(request, "cart.html", [("Cart Viewed", viewed)], title="Cart", bill=owed)


async def change_cart(request: Request) -> Response:
    """Add units of a product to the cart, or remove the product."""
    form = await request.form()
    product_id, add = _number(form.get("product_id")), form.get("action") == "add"
    found = (await _shop(request).products_by_id([product_id])).get(product_id)
    kept: dict[str, int] = request.session.setdefault("cart", {})
    before = kept.get(str(product_id), 0)
    if add and found and (before or len(kept) < MAX_PRODUCTS):
        units = min(max(_number(form.get("quantity")), 1), MAX_UNITS - before)
        kept[str(product_id)] = before + units
        _track_on_next_page(request, "Product Added", found, units)
    elif not add and before:
        del kept[str(product_id)]
        if found:
            _track_on_next_page(request, "Product Removed", found, before)
    return RedirectResponse("/cart", 303)


def _track_on_next_page(request: Request, name: str, of: Product, quantity: int) -> None:
    """Keep the event of a form for the page that follows it, which sends it."""
    if quantity:
        said = {"cart_id": _cart_id(request), **product_properties(of, quantity), "currency": of.currency}
        request.session.setdefault("events", []).append((name, said))


async def _cart_lines(request: Request) -> list[tuple[Product, int]]:
    """Return what is in the cart and still on sale, at current prices, as (product, units)."""
    kept: dict[str, int] = request.session.get("cart", {})
    products = await _shop(request).products_by_id([int(key) for key in kept])
    return [(products[int(key)], units) for key, units in kept.items() if int(key) in products]


def _cart_id(request: Request) -> str:
    return str(request.session.setdefault("cart_id", f"cart_{uuid.uuid4().hex[:12]}"))


# -- people -------------------------------------------------------------------------------------------------


async def login(request: Request) -> Response:
    """Show the login form."""
    return await _page(request, "login.html", title="Log in", next=_next(request.query_params.get("next")))


async def log_in(request: Request) -> Response:
    """Log in by e-mail address, since the demo shop has no passwords. A new address creates an account."""
    form = await request.form()
    email = str(form.get("email", "")).strip().lower()
    if "@" not in email or len(email) > 255:
        return await _page(
            request,
            "login.html",
            title="Log in",
            error="Please type an e-mail address.",
            next=_next(form.get("next")),
        )
    first_name = str(form.get("first_name", "")).strip()[:100]
    request.session["customer"] = await _shop(request).log_in(email, first_name)
    return RedirectResponse(_next(form.get("next")), 303)


async def log_out(request: Request) -> Response:
    """Log out and empty the cart."""
    request.session.clear()
    return RedirectResponse("/", 303)


def _next(path: object) -> str:
    return "/checkout" if path == "/checkout" else "/"


# -- checkout -----------------------------------------------------------------------------------------------


async def checkout(request: Request) -> Response:
    """Show the checkout form."""
    return await _checkout(request, {})


async def _checkout(request: Request, typed: dict[str, str], error: str = "") -> Response:
    lines = await _cart_lines(request)
    if not lines:
        return RedirectResponse("/cart", 303)
    owed, events = bill(lines), []
    if request.session.get("checkout") != _cart_id(request):  # a reload does not start it again
        request.session["checkout"] = _cart_id(request)
        begun = {
            "cart_id": _cart_id(request),
            "value": str(owed.total),
            "revenue": str(owed.net),
            "shipping": str(owed.shipping),
            "tax": str(owed.tax),
            "currency": owed.currency,
            "products": [product_properties(product, quantity) for product, quantity in lines],
        }
        events = [("Checkout Started", begun)]
    return await _page(
        request,
        "checkout.html",
        events,
        title="Checkout",
        bill=owed,
        methods=METHODS,
        typed=typed,
        error=error,
    )


async def place_order(request: Request) -> Response:
    """Order what is in the cart. The server reports the order, with the amounts of the database."""
    typed = {name: str(value).strip()[:200] for name, value in (await request.form()).items()}
    lines, shop = await _cart_lines(request), _shop(request)
    if not lines:
        return RedirectResponse("/cart", 303)
    missing = [name for name in FIELDS if not typed.get(name)]
    if missing or "@" not in typed["email"] or typed.get("method") not in METHODS:
        return await _checkout(request, typed, "Please fill in every field.")
    coupon = await shop.coupon(typed["coupon"], lines[0][0].currency) if typed.get("coupon") else None
    if typed.get("coupon") and not coupon:
        return await _checkout(request, typed, f"The coupon {typed['coupon']} cannot be used.")
    customer, owed = await _customer(request), bill(lines, coupon)
    buyer = Buyer(**{name: typed[name] for name in (*FIELDS, "method")})
    order_id, number = await shop.place(buyer, customer, owed, coupon)
    request.app.state.backend.order_completed(
        customer["id"] if customer else None,
        typed,
        request.headers.get("user-agent", ""),
        {**order_properties(order_id, owed, coupon), "$current_url": str(request.url)},
    )
    for name in ("cart", "cart_id", "checkout"):
        request.session.pop(name, None)
    request.session["order"] = {
        "id": order_id,
        "number": number,
        "total": str(owed.total),
        "currency": owed.currency,
    }
    return RedirectResponse("/thanks", 303)


async def thanks(request: Request) -> Response:
    """Show the visitor's last order."""
    order = request.session.get("order")
    if not order:
        return RedirectResponse("/", 303)
    return await _page(request, "thanks.html", title="Thank you", order=order, total=Decimal(order["total"]))


# -- shared by all pages -----------------------------------------------------------------------------------


async def health(_: Request) -> Response:
    """Answer 200 if the server listens, with or without a shop behind it."""
    return PlainTextResponse("ok")


async def posthog_js(request: Request) -> Response:
    """Serve the SDK."""
    if not request.app.state.is_tracked:
        raise HTTPException(404)
    return FileResponse(request.app.state.settings.storefront_posthog_js, media_type="text/javascript")


async def _page(
    request: Request, template: str, events: Iterable[Event] = (), status: int = 200, **values: Any
) -> Response:
    """Render a page with the events it sends: those of the form before it, then its own."""
    settings: StorefrontSettings = request.app.state.settings
    customer = await _customer(request)
    tracking = {
        "token": settings.project_token,
        "host": settings.gateway_for_pages,
        "customer": str(customer["id"]) if customer else None,
        "events": [*request.session.pop("events", []), *events],
    }
    context = {
        "categories": await _shop(request).categories(),
        "customer": customer,
        "units": sum(request.session.get("cart", {}).values()),
        "tracking": tracking if request.app.state.is_tracked else None,
        **values,
    }
    response = templates.TemplateResponse(request, template, context, status_code=status)
    sources = f"'self' {settings.gateway_for_pages}"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src {sources}; connect-src {sources}; style-src 'self' 'unsafe-inline';"
        " frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def _customer(request: Request) -> dict[str, Any] | None:
    customer_id = request.session.get("customer")
    return await _shop(request).customer(customer_id) if customer_id else None


async def _failed(request: Request, error: HTTPException) -> Response:
    return await _page(request, "error.html", status=error.status_code, title="Sorry", error=error.detail)


async def _shop_is_away(_: Request, error: Exception) -> Response:
    LOG.error("MySQL: %s", error)
    return PlainTextResponse(
        "The shop's database does not answer, or no shop is loaded yet. Next: make status\n", 503
    )


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


def _listed(products: list[Product]) -> list[dict[str, Any]]:
    return [{"product_id": str(each.id), "position": place} for place, each in enumerate(products, start=1)]


def _page_number(request: Request) -> int:
    return max(1, min(_number(request.query_params.get("page")), 10_000))


def _number(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else 0
