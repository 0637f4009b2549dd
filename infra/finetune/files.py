"""Files that a reader finds whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives another name to write to; at the end that file is synced and takes the place of `path`."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: dict) -> dict:
    """Writes a JSON file, indented, and returns what it says."""
    with whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
    return value
