"""The same configurations of the same model with this suite and with its peers, in one run on one machine."""
