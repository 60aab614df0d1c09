"""A seeded, live shop: it writes to MySQL, sends events and keeps its own ledger."""
