"""What prepares a machine for the suite; nothing here is imported while it measures."""
