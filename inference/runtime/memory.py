"""Giving memory back to the system when an analysis has ended."""

import contextlib
import ctypes
import sys


def give_back_memory() -> None:
    """Hand freed memory back where the system's allocator would keep it (glibc); elsewhere nothing needs to be done.

    Every thread allocates from an arena of its own, and arenas of threads that have ended keep what lies free in them:
    two hundred analyses that were started and stopped held 130 MB of it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
