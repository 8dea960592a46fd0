"""Everything that needs no screen: recordings, signals, networks, runtime, labels, training, simulation."""
