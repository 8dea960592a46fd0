"""The inference engine: analyses in, progress, partial results and results out, never in the window's thread."""

from app.engine.engine import InferenceEngine

__all__ = ["InferenceEngine"]
