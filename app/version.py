"""Which version this is."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("spasmlens")
except PackageNotFoundError:  # a checkout that was never installed
    VERSION = "checkout"
