"""One file per mart: pure functions from DataFrame to DataFrame."""
