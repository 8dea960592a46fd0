"""The reviewed case, without widgets: edits, undo, audit trail and durable storage."""
