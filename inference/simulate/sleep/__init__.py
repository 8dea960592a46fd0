"""Nights and naps: EEG, EOG and chin EMG by the rules that sleep is scored by, and BOLD signals in the scanner."""
