"""Short conversations: each says one thing or asks one."""
