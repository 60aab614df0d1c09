"""Report orders to the gateway with PostHog's own SDK."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from posthog import Posthog

from storefront.settings import StorefrontSettings

LOG = logging.getLogger("storefront")
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Backend:
    """PostHog's SDK in asynchronous mode: a thread sends events, and requests never wait for it."""

    def __init__(self, settings: StorefrontSettings) -> None:
        self._client = Posthog(
            settings.project_token,
            host=settings.gateway,
            on_error=lambda error, batch: LOG.warning("%s events were not accepted: %s", len(batch), error),
        )

    def order_completed(
        self, customer_id: int | None, page: Mapping[str, str], agent: str, properties: Mapping[str, Any]
    ) -> bool:
        """Report an order if its buyer has agreed to be tracked; returns True if it was reported.

        `page` is what posthog-js knew when the form was sent. The device id puts the order into the session
        that the browser's own events belong to.
        """
        device, sender = page.get("device_id", ""), str(customer_id or page.get("distinct_id", ""))
        if not (_ID.fullmatch(device) and _ID.fullmatch(sender)):
            return False
        known = {"$device_id": device, "$raw_user_agent": agent, "$process_person_profile": bool(customer_id)}
        if _ID.fullmatch(page.get("session_id", "")):
            known["$session_id"] = page["session_id"]
        self._client.capture("Order Completed", distinct_id=sender, properties={**properties, **known})
        return True

    def close(self) -> None:
        """Send outstanding events and stop."""
        self._client.shutdown()
