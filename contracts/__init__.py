"""What every table is. Standard library only; imports nothing of ours."""
