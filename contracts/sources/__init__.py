"""The sources: the shop's tables and its event topics."""

from contracts.sources import events, shop

TABLES = (*shop.TABLES, *events.TABLES)
