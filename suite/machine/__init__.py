"""What this machine is, who uses it, and what its board reads."""
