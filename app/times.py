"""Times as a reader sees them: seconds from the start of the recording, and what the clock on the wall showed."""

from datetime import datetime, timedelta


def elapsed_text(time_s: float, decimals: int = 1) -> str:
    """Write a time from the start of the recording, such as ``0:12:34.5``."""
    units = round(time_s * 10**decimals)
    seconds, fraction = divmod(abs(units), 10**decimals)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{'−' if units < 0 else ''}{hours}:{minutes:02d}:{seconds:02d}"
    return f"{text}.{fraction:0{decimals}d}" if decimals else text


def clock_text(start: datetime | None, time_s: float) -> str:
    """Write the time of day at a time from the start, such as ``22:14:03``; empty where the file tells no start."""
    return "" if start is None else (start + timedelta(seconds=time_s)).strftime("%H:%M:%S")


def duration_text(duration_s: float) -> str:
    """Write how long something takes in the two units that matter, such as ``1 min 20 s``."""
    seconds = max(0, round(duration_s))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def parse_time(text: str, start: datetime | None, duration_s: float) -> float | None:
    """Read a time that a person typed: seconds, ``m:ss``, ``h:mm:ss``, or a time of day within the recording.

    Returns
    -------
    Seconds from the start of the recording, or None where the text is no time in it.
    """
    try:
        parts = [float(part) for part in text.strip().replace(",", ".").split(":")]
    except ValueError:
        return None
    if not 1 <= len(parts) <= 3 or any(part < 0 for part in parts):
        return None
    time_s = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    if time_s <= duration_s:
        return time_s
    if start is None or len(parts) == 1:
        return None
    of_day_s = time_s if len(parts) == 3 else time_s * 60
    since_midnight_s = start.hour * 3600 + start.minute * 60 + start.second
    from_start_s = (of_day_s - since_midnight_s) % 86400
    return from_start_s if from_start_s <= duration_s else None
