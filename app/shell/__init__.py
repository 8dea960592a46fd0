"""The frame around the page: bar, docks, strips and the screen before a recording is open."""
