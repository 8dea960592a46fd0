"""Tables about channels: electrodes, references, and what a label says about the kind of a channel."""
