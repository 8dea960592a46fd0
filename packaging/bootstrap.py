"""Set Spasmlens up on a machine that has nothing but Python, then show it or test it.

    python3 packaging/bootstrap.py demo     the demonstration window (without a screen: a picture of it)
    python3 packaging/bootstrap.py test     lint, types, import contracts and every test

Everything goes into ``.venv`` beside this checkout; missing system libraries are installed with apt when root, and
named with the exact command to type otherwise. Only the standard library is used here.
"""

import argparse
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
SYSTEM_PACKAGES = ROOT / "packaging" / "system-packages.txt"
SUPPORTED = ((3, 11), (3, 12), (3, 13))

CHECKS = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("import contracts", ["lint-imports"]),
    ("tests", ["python", "-m", "pytest"]),
)


def main() -> int:
    """Prepare the environment for the command that was asked for, then run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("demo", "test"))
    command = parser.parse_args().command
    use_supported_python()
    need_screen = command == "demo" and has_screen()
    install_system_packages(need_screen=need_screen)
    create_environment()
    install_project("train,test" if command == "test" else "")
    return show_demo() if command == "demo" else run_checks()


def use_supported_python() -> None:
    """Go on under a Python that Spasmlens supports, looking for one on the PATH where this one is not."""
    if sys.version_info[:2] in SUPPORTED:
        return
    for major, minor in reversed(SUPPORTED):
        found = shutil.which(f"python{major}.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    versions = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
    sys.exit(f"Spasmlens needs Python {versions}; this is {sys.version.split()[0]} and no other was found on the PATH.")


def has_screen() -> bool:
    """Tell whether a window can be shown here."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def install_system_packages(*, need_screen: bool) -> None:
    """Install the Debian packages whose libraries are missing, or say which line installs them and stop."""
    if not sys.platform.startswith("linux"):
        return
    missing = [package for package, probe, when in read_system_packages() if wanted(when, need_screen) and lacks(probe)]
    if not missing:
        return
    apt = shutil.which("apt-get")
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if apt is None:
        sys.exit(f"These libraries are missing; install what your distribution calls them: {', '.join(missing)}")
    if os.geteuid() != 0:
        sys.exit(f"System packages are missing. Install them with this line, then try again:\n  sudo {line}")
    say(f"Installing system packages: {' '.join(missing)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([apt, "update", "-qq"], env=quiet)
    run(line.split(), env=quiet)


def read_system_packages() -> list[tuple[str, str, str]]:
    """Read (Debian package, what to probe for, when it is needed) from the table beside this file."""
    rows = [line.split("#")[0].split() for line in SYSTEM_PACKAGES.read_text(encoding="utf-8").splitlines()]
    return [(package, probe, when) for package, probe, when in filter(None, rows)]


def wanted(when: str, need_screen: bool) -> bool:
    """Tell whether a package is needed for what was asked for."""
    return when == "always" or need_screen


def lacks(probe: str) -> bool:
    """Tell whether a shared library, or the module ensurepip, is missing."""
    if probe == "ensurepip":
        # Debian's python3 has venv without the pip that it needs.
        return importlib.util.find_spec(probe) is None
    try:
        ctypes.CDLL(probe)
    except OSError:
        return True
    return False


def create_environment() -> None:
    """Create the virtual environment unless it is there and works."""
    if tool("python").exists() and subprocess.run([tool("python"), "-c", ""], check=False).returncode == 0:
        return
    say(f"Creating a virtual environment in {ENVIRONMENT}")
    run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])


def install_project(extras: str) -> None:
    """Install Spasmlens with pinned versions; does nothing when that was done before for these very pins and extras."""
    recipe = b"".join(path.read_bytes() for path in (ROOT / "pyproject.toml", CONSTRAINTS)) + extras.encode()
    done = ENVIRONMENT / f"installed-{hashlib.sha256(recipe).hexdigest()[:16]}"
    if done.exists():
        return
    say("Installing Spasmlens and what it needs (some minutes the first time)")
    target = f"{ROOT}[{extras}]" if extras else str(ROOT)
    run([tool("python"), "-m", "pip", "install", "--quiet", "-c", str(CONSTRAINTS), "-e", target])
    done.touch()


def show_demo() -> int:
    """Show the demonstration window; the command itself draws to a picture where there is no screen."""
    return subprocess.run([tool("spasmlens"), "demo"], check=False).returncode


def run_checks() -> int:
    """Run every check, even after one has failed, and tell at the end which did."""
    # One thread for each numerical library: the tests say what is right, the benchmarks how fast.
    env = {**os.environ, "PATH": f"{tool('python').parent}{os.pathsep}{os.environ['PATH']}"}
    env |= {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "2", "PYTHONFAULTHANDLER": "1"}
    failed = []
    for name, command in CHECKS:
        say(name)
        if subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, env=env, check=False).returncode:
            failed.append(name)
    if failed:
        say(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def tool(name: str) -> Path:
    """Give the path of a command inside the virtual environment."""
    if sys.platform == "win32":
        return ENVIRONMENT / "Scripts" / f"{name}.exe"
    return ENVIRONMENT / "bin" / name


def run(command: list[str | Path], env: dict[str, str] | None = None) -> None:
    """Run a command; where it fails, stop here with its exit code, for it has already said why."""
    code = subprocess.run(command, env=env, check=False).returncode
    if code:
        sys.exit(f"This step failed (exit code {code}): {' '.join(map(str, command))}")


def say(sentence: str) -> None:
    """Tell what is being done."""
    print(f"== {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
