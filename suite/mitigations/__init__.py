"""Efficiency techniques, one file each, named like its yaml under conf/mitigation."""
