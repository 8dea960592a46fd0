"""The demonstration case: a simulated infant with spasms, made once and kept in the user's cache."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_path

from inference.errors import RecordingError

# An infant with hypsarrhythmia; its five minutes hold sleep with a spasm alone, and a cluster of spasms on waking.
SEED = 21
DURATION_S = 300.0
RATE_HZ = 512.0
STEM = "demonstration"


def demonstration_file(report: Callable[[str, float], None], folder: Path | None = None) -> Path:
    """Give the path of the demonstration case, simulating it first where it is not there yet.

    The case is written elsewhere and moved, so that an interrupted run leaves no half of it behind.

    Raises
    ------
    RecordingError
        The cache cannot be written to.
    """
    from inference.simulate import Scenario, simulate_infant, write_case

    folder = folder or user_cache_path("spasmlens") / "demonstration"
    path = folder / f"{STEM}-{SEED}.edf"
    if path.exists():
        return path
    report("Simulating an infant with spasms for the demonstration …", -1.0)
    case = simulate_infant(SEED, DURATION_S, RATE_HZ, scenario=Scenario.dense())
    report("Writing the demonstration case …", -1.0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="making-", dir=folder) as making:
            for made in reversed(write_case(case, Path(making), stem=path.stem)):
                made.replace(folder / made.name)
    except OSError as error:
        raise RecordingError(f"{folder}: the demonstration case cannot be kept there: {error.strerror}.") from error
    return path
