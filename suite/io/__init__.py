"""Files that are whole or not there; secrets that are masked."""
