"""The workstation: what a person sees and does."""
