"""The parts of the scalogram dock: wavelet power over time and frequency, and what of it spoke for an event."""
