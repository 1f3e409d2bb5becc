"""Efficiency techniques: a folder an intervention, one file each, named like its yaml under conf/mitigation."""
