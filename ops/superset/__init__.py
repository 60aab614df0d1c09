"""`shoplake superset`: dashboards of the running Superset, brought back into their declarations."""
