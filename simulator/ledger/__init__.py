"""The figures that the platform should show, worked out from the simulator's own record."""
