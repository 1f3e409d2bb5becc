"""Searches: experiments whose next points follow from the records of those before."""
