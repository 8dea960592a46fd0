"""``spasmlens screenshot``: the real window, drawn into a file without a screen."""

import argparse
import re
import sys
from pathlib import Path

_EXAMPLES = """\
examples:
  spasmlens screenshot night.edf --out page.png --at 120
  spasmlens screenshot bids --out map.png --panel roi-map --at 300
  spasmlens screenshot demo --out events.png --panel events --size 1366x768 --theme dark
"""
MAPS = ("planes", "mosaic", "regions")
SOURCES = ("voxels", "regions", "percent", "connectivity", "relevance")
PANELS = (
    *("traces", "events", "attribution", "scalogram", "focus", "syndrome"),
    *("roi-map", "hypnogram", "report", "models"),
)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "screenshot",
        help="draw the window into a PNG file",
        description="Draw the real window into a PNG file, once the recording is analysed and its page is painted.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="recording, folder with EEG and fMRI, or 'demo' for the simulated demonstration case",
    )
    parser.add_argument("--fmri", type=Path, metavar="NII", help="fMRI run to show beside the recording")
    parser.add_argument("--map", choices=MAPS, default="planes", help="layout of the ROI map (planes)")
    parser.add_argument("--map-of", choices=SOURCES, default="voxels", help="what the ROI map shows (voxels)")
    parser.add_argument("--region", type=_label, default=0, metavar="LABEL", help="region that the map shows, 1 to 100")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG", help="file to draw into")
    parser.add_argument("--at", type=_seconds, metavar="S", help="seconds from the start at the page's left edge")
    parser.add_argument("--panel", choices=PANELS, default="events", help="what stands beside the traces (events)")
    parser.add_argument("--size", type=_size, default=(1600, 900), metavar="WxH", help="pixels (1600x900)")
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="light (default) or dark")
    parser.add_argument("--no-analysis", action="store_true", help="do not analyse the recording first")


def run(args: argparse.Namespace) -> int:
    """Draw the window."""
    from app.picture import MapRequest, PictureRequest, draw_window

    file = None if args.file == "demo" else Path(args.file)
    brain = MapRequest(args.fmri, args.map, args.map_of, args.region)
    request = PictureRequest(args.out, file, args.at, args.panel, args.size, args.theme, not args.no_analysis, brain)
    draw_window(request)
    sys.stderr.write(f"Drawn to {args.out}.\n")
    return 0


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


def _label(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError("must be 1 to 100")
    return value


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{3,4})x(\d{3,4})", text)
    if not found:
        raise argparse.ArgumentTypeError("must be WIDTHxHEIGHT in pixels, such as 1600x900")
    return int(found[1]), int(found[2])
