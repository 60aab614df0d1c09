"""`shoplake superset`: export dashboards of the running Superset into their declarations."""
