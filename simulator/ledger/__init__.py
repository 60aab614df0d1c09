"""The figures that the platform should show, computed from the simulator's own record."""
