"""``spasmlens bench``: how fast this program is on this machine."""

import argparse
import json
import sys
from pathlib import Path


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "bench",
        help="measure the speed of this machine",
        description="Measure how fast this program is on this machine.",
    )
    measures = parser.add_subparsers(title="measures", metavar="MEASURE", required=True)
    scroll = measures.add_parser(
        "scroll",
        help="frame times while scrolling",
        description="Scroll 10-s pages of 29 channels at 1024 Hz in a window of 1600 x 900 and time every frame.",
    )
    scroll.add_argument("file", type=Path, nargs="?", metavar="FILE", help="scroll this recording instead")
    scroll.add_argument("--seconds", type=float, default=15.0, metavar="S", help="how long to scroll (default: 15)")
    scroll.add_argument("--with-engine", action="store_true", help="while the networks analyse the same recording")
    scroll.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    scroll.set_defaults(run=run)
    infer = measures.add_parser(
        "infer",
        help="how much faster than real time the networks are",
        description="Analyse a recording of 25 EEG and 4 EMG channels at 1024 Hz from its file to events.",
    )
    infer.add_argument("file", type=Path, nargs="?", metavar="FILE", help="analyse this recording instead")
    length = infer.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10.0, metavar="M", help="how long it is (default: 10)")
    length.add_argument("--hours", type=float, metavar="H", help="how long it is; a day takes 5 GB of disk")
    infer.add_argument("--workers", type=int, metavar="N", help="threads to work with (default: one for each core)")
    infer.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    infer.set_defaults(run=run_infer)


def run(args: argparse.Namespace) -> int:
    """Measure and print; a window is drawn offscreen unless a platform was chosen."""
    from app.commands._scrolling import measure_scrolling

    result = measure_scrolling(args.file, seconds=args.seconds, with_engine=args.with_engine)
    if args.json:
        json.dump(result, sys.stdout)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(
            f"{result['frames']} frames: median {result['median_ms']} ms, 99th percentile {result['p99_ms']} ms; "
            f"{100 * result['missing_tiles']:.2g} % of the visible columns still empty when their frame was shown.\n"
            f"A turned page is complete after {result['page_turn_ms']} ms (median).\n"
            f"One pyqtgraph PlotDataItem per channel with peak downsampling: {result['peer_median_ms']} ms a frame.\n"
        )
    return 0


def run_infer(args: argparse.Namespace) -> int:
    """Measure the networks and print how fast they are."""
    from app.commands._inferring import measure_inference

    minutes = args.minutes if args.hours is None else 60 * args.hours
    result = measure_inference(minutes, workers=args.workers, path=args.file)
    if args.json:
        json.dump(result, sys.stdout)
        sys.stdout.write("\n")
        return 0
    compared = result["per_window"]
    sys.stdout.write(
        f"{result['minutes']:g} minutes, a window every {result['hop_s']:g} s, {result['workers']} threads on "
        f"{result['provider'].upper()}: {result['realtime_factor']:g} times as fast as real time.\n"
    )
    for name, model in result["per_model"].items():
        sys.stdout.write(f"  {name}: {model['seconds']:g} s, {model['realtime_factor']:g} times real time\n")
    sys.stdout.write(
        f"  all together: {result['all']['seconds']:g} s, {result['all']['realtime_factor']:g} times real time\n"
        f"A window takes {compared['streamed_cpu_ms']:g} ms of one core; filtered and transformed by itself "
        f"{compared['single_cpu_ms']:g} ms, {compared['ratio']:g} times as much.\n"
        f"Most memory: {result['memory_mb']} MB.\n"
    )
    return 0
