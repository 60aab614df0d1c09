"""The shops that can be loaded, each with the settings under which its figures are meant."""

from __future__ import annotations

from collections.abc import Mapping

SHOPS: Mapping[str, Mapping[str, str]] = {
    "demo": {},
    "completejourney": {"REPORTING_CURRENCY": "USD", "SHOP_TIMEZONE": "America/New_York"},
}
# In their place: a shop of your own.
NO_SHOP = "none"
