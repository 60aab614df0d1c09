"""The `shoplake` command: what a person does by hand."""
