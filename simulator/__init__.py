"""A seeded shop that lives: it writes MySQL, sends events, and keeps a ledger of its own."""
