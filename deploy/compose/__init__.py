"""The platform in Docker Compose: what `make up` and its like call."""
