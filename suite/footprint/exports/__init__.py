"""A footprint as a page, as JSON, as a disclosure."""
