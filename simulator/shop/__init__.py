"""The shop: what it sells, to whom, and what becomes of an order."""
