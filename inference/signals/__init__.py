"""Montages, filters, resampling and per-pixel envelopes."""
