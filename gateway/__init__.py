"""Events in: the capture service that every PostHog SDK can use by changing its host."""
