"""Analysing many recordings: which there are, what is done already, one after the other or on many machines."""
