"""The platform in Docker Compose: the code behind `make up` and related targets."""
