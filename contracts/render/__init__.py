"""Files generated from the declarations: `make generate`."""
