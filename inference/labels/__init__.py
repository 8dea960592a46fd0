"""What machine and people say about a recording, as values; their vocabulary, formats and scores."""
