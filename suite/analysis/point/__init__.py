"""What one record says."""
