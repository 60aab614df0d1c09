"""A small demo shop on the shop's own MySQL, with PostHog in its pages and on its server."""
