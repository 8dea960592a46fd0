"""The command line: ``spasmlens FILE`` opens the window, every other use is a command in ``app/commands``."""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType

from app import commands
from app.version import VERSION
from inference.errors import SpasmlensError

EXIT_WORLD_ERROR = 2
EXIT_INTERRUPTED = 130

#: Order of the commands in the help; a module of ``app/commands`` that is not named here comes last.
_ORDER = (
    *("open", "demo", "info", "analyze", "screenshot", "export", "simulate"),
    *("score", "hypnogram", "train", "evaluate", "models", "bench"),
)

_DESCRIPTION = """\
Review paediatric EEG with EMG: see the traces and what a network found in them, put it right with a key, export it.
"""

_EXAMPLES = """\
examples:
  spasmlens night.edf                              open a recording in the window
  spasmlens demo                                   look around in a simulated case
  spasmlens info night.edf                         list channels, rates, gaps and problems
  spasmlens analyze night.edf --out results        find spasms without a window
  spasmlens screenshot night.edf --out page.png    draw the window into a file

'spasmlens COMMAND --help' explains a command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 2 for a fault of the world's, said in one sentence on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser, names = build_parser()
    args = parser.parse_args(_with_command(words, names))
    try:
        return int(args.run(args))
    except SpasmlensError as error:
        sys.stderr.write(f"spasmlens: {error}\n")
        return EXIT_WORLD_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("spasmlens: interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever was reading our output has seen enough; Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> tuple[argparse.ArgumentParser, tuple[str, ...]]:
    """Build the parser of all commands.

    Returns
    -------
    The parser and the names of the commands.
    """
    parser = argparse.ArgumentParser(
        prog="spasmlens",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"spasmlens {VERSION}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in _command_modules():
        known = set(subparsers.choices)
        module.add_parser(subparsers)
        for name in subparsers.choices.keys() - known:
            subparsers.choices[name].set_defaults(run=module.run)
    return parser, tuple(subparsers.choices)


def _command_modules() -> list[ModuleType]:
    names = [entry.name for entry in pkgutil.iter_modules(commands.__path__) if not entry.name.startswith("_")]
    names.sort(key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    return [importlib.import_module(f"{commands.__name__}.{name}") for name in names]


def _with_command(words: list[str], names: tuple[str, ...]) -> list[str]:
    """Put ``open`` before a file that stands alone, and where nothing stands at all."""
    if not words:
        return ["open"]
    first = words[0]
    if first in names or first in ("-h", "--help", "--version"):
        return words
    return ["open", *words]
