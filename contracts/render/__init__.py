"""Everything that repeats a declaration, written from it: `make generate`."""
