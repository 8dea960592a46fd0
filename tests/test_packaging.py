"""What is pinned is what is asked for."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import REPOSITORY


def pins() -> dict[str, Version]:
    lines = (REPOSITORY / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {normalise(name): Version(version) for name, version in pairs}


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_pinned_within_its_limits():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    pinned = pins()
    for requirement in map(Requirement, asked):
        version = pinned.get(normalise(requirement.name))
        assert version is not None, f"{requirement.name} is not pinned"
        assert requirement.specifier.contains(version), f"{requirement} does not admit its pin {version}"


def test_no_platform_gets_both_builds_of_onnx_runtime():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    builds = [r for r in map(Requirement, project["dependencies"]) if r.name.startswith("onnxruntime")]
    for system in ("linux", "win32", "darwin"):
        for machine in ("x86_64", "AMD64", "arm64", "aarch64"):
            where = {"sys_platform": system, "platform_machine": machine}
            assert [r.marker.evaluate(where) for r in builds].count(True) == 1, where
