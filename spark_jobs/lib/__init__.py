"""What jobs and transformations share."""
