"""The report's files beside the page."""
