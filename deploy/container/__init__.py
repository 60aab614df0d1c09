"""Programs of the platform's containers besides the jobs: first steps, starts and health checks."""
