"""The mirror: the same events to a real PostHog, from Kafka and never in the way of a request."""
