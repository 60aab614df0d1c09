"""A small demo shop in the browser, on the shop's own MySQL, with PostHog in its pages and behind them."""
