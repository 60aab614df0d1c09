"""The `shoplake` command, for work by hand. One module per verb."""
