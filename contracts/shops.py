"""The shops that can be loaded, each with the settings that its figures assume."""

from __future__ import annotations

from collections.abc import Mapping

SHOPS: Mapping[str, Mapping[str, str]] = {
    "demo": {},
    "completejourney": {"REPORTING_CURRENCY": "USD", "SHOP_TIMEZONE": "America/New_York"},
}
# Instead of them: your own shop.
NO_SHOP = "none"
