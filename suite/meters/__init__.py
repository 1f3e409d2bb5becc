"""Meters, one file each, named like its yaml under conf/meter."""
