"""``spasmlens demo``: the window on a simulated infant with spasms."""

import argparse
import sys
from pathlib import Path

from app.starting import has_screen, run_window

PICTURE = "spasmlens-demo.png"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    subparsers.add_parser(
        "demo",
        help="the window on a simulated infant with spasms",
        description="Open the window on a simulated infant with epileptic spasms, which is made on first use. "
        f"Without a screen, draw the window to {PICTURE} in the current folder instead.",
    )


def run(_args: argparse.Namespace) -> int:
    """Show the window, or draw it where there is no screen."""
    if has_screen():
        return run_window(None, demonstration=True)
    from app.picture import PictureRequest, draw_window

    out = Path.cwd() / PICTURE
    sys.stderr.write("There is no screen here: drawing the window into a file.\n")
    draw_window(PictureRequest(out))
    sys.stdout.write(f"The demonstration window was drawn to {out}.\n")
    return 0
