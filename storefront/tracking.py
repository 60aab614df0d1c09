"""What the storefront's pages and the storefront itself tell the gateway, with PostHog's own SDKs."""

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
    """PostHog's SDK in its asynchronous mode: a thread sends, a request never waits for it."""

    def __init__(self, settings: StorefrontSettings) -> None:
        self._client = Posthog(
            settings.project_token,
            host=settings.gateway,
            on_error=lambda error, batch: LOG.warning("%s events were not taken: %s", len(batch), error),
        )

    def order_completed(
        self, customer_id: int | None, page: Mapping[str, str], agent: str, properties: Mapping[str, Any]
    ) -> bool:
        """Tell of an order, if its buyer agreed to be tracked; says whether it did.

        `page` is what posthog-js knew when the form was sent. The device puts the order into the visit that
        the browser's own events make.
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
        """Send what is still waiting."""
        self._client.shutdown()
