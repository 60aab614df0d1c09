"""One file per silver table: pure functions from DataFrame to DataFrame."""
