"""What containers of the platform run beside the jobs: first steps, starts and health checks."""
