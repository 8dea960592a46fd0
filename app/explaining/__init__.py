"""Why a network found an event: asked for in the background, shown on the traces and beside them."""
