"""From files to recordings: channels with kind, unit, native rate and gaps, read lazily in microvolts."""
