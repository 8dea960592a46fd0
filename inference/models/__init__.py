"""The published networks, one readable file each; what they share is in blocks."""
