"""Stage sets that a site defines for itself, in a JSON file such as::

    {"name": "Ward 7", "stages": [
      {"code": "W", "name": "Wake", "key": "W", "asleep": false},
      {"code": "AS", "name": "Active sleep", "key": "R", "asleep": true, "hed": "Sleep-stage-REM"},
      {"code": "QS", "name": "Quiet sleep", "key": "1", "asleep": true}]}

``key`` is one of `KEYS`; ``asleep`` null stands for neither sleep nor wake. ``hed`` may be left out.
"""  # noqa: D400 - ends with what a reader copies

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from inference.errors import LabelError
from inference.labels.reading import read_text
from inference.labels.sleep_stages import STAGE_SETS, UNSCORED, Stage, StageSet

#: The keys that a scorer's hand finds.
KEYS: Final = ("W", "R", "N", "T", "1", "2", "3", "4", "5", "6")
_CODE: Final = re.compile(r"[A-Za-z0-9+-]{1,4}")
_MOST_STAGES: Final = len(KEYS)


def read_stage_set(path: Path) -> StageSet:
    """Read a site's own stages.

    Raises
    ------
    LabelError
        The file cannot be read or defines no usable set; the sentence says why.
    """
    try:
        fields = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path} is not valid JSON.") from error
    try:
        found = stage_set_from_json(fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise LabelError(f"{path} defines no sleep stages: each needs a code, a name, a key and asleep.") from error
    except ValueError as error:
        raise LabelError(f"{path} defines no usable sleep stages: {error}.") from error
    if found in STAGE_SETS:
        raise LabelError(f"{path} only names the stages of {found.name}, which need no file.")
    return found


def stage_set_to_json(stage_set: StageSet) -> Any:
    """Give a stage set as JSON values: a manual's by its name, a site's in full."""
    if stage_set in STAGE_SETS:
        return stage_set.name
    stages = [
        {"code": stage.code, "name": stage.name, "key": stage.key, "asleep": stage.asleep, "hed": stage.hed}
        for stage in stage_set.stages
    ]
    return {"name": stage_set.name, "stages": stages}


def stage_set_from_json(fields: Any) -> StageSet:
    """Read a stage set; KeyError, TypeError, AttributeError or ValueError where the values are not those of one."""
    if isinstance(fields, str):
        known = {stage_set.name: stage_set for stage_set in STAGE_SETS}
        if fields not in known:
            raise ValueError(f"there are no stages called {fields!r}")
        return known[fields]
    name = str(fields["name"]).strip()
    stages = tuple(_make_stage(stage) for stage in fields["stages"])
    if not name or name in {stage_set.name for stage_set in STAGE_SETS}:
        raise ValueError(f"{name or 'nothing'!r} is not a name of its own")
    if not 1 <= len(stages) <= _MOST_STAGES:
        raise ValueError(f"there are {len(stages)} stages, and may be 1 to {_MOST_STAGES}")
    for what, values in (("code", [s.code for s in stages]), ("key", [s.key for s in stages])):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise ValueError(f"the {what} {twice} is there twice")
    return StageSet(name, stages)


def _make_stage(fields: Mapping[str, Any]) -> Stage:
    code, key, asleep = str(fields["code"]), str(fields["key"]).upper(), fields["asleep"]
    if not _CODE.fullmatch(code) or code == UNSCORED:
        raise ValueError(f"{code[:20]!r} is no code of one to four letters and figures")
    if key not in KEYS:
        raise ValueError(f"the key of {code} is {key[:20]!r}, and may be {', '.join(KEYS)}")
    if asleep not in (True, False, None):
        raise ValueError(f"asleep of {code} is neither true, false nor null")
    hed = str(fields.get("hed") or {True: "Asleep", False: "Awake"}.get(asleep, f"Label/{code}"))
    return Stage(code, str(fields["name"]), f"Sleep-stage-{code}", hed, f"Sleep stage {code}", asleep=asleep, key=key)
