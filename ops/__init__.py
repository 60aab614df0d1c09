"""The `shoplake` command: what a person does by hand. One module per verb."""
