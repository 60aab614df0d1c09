"""The mirror: forwards events from Kafka to a real PostHog, outside of the request path."""
