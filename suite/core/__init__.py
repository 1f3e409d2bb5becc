"""The types every component is made of. Imports no component."""
