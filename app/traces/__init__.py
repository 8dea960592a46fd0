"""The trace view: synchronised EEG and EMG, painted from cached tiles."""
