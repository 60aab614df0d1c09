"""The shop: its products, its customers, and the life of an order."""
