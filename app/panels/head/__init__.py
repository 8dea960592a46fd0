"""The head seen from above: where electrodes lie on it, and a map between those that were recorded."""
