"""Numbers to one HTML file."""
