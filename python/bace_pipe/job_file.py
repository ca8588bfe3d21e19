"""Jobs as the service takes them: the text of a file, its name for complaints, and the folder its paths
start from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .discovery import PathLike

# A file of jobs by its path, one job by its fields, or several.
Jobs = PathLike | Mapping[str, Any] | Sequence[Mapping[str, Any]]


def job_file(jobs: Jobs) -> dict[str, str]:
    """Relative paths inside start from the file's folder, or, of fields, from the working folder."""
    if isinstance(jobs, (str, os.PathLike)):
        path = Path(jobs)
        return {
            "file": str(path),
            "text": path.read_text("utf-8"),
            "directory": str(path.resolve().parent),
        }
    fields = jobs if isinstance(jobs, Mapping) else {"jobs": list(jobs)}
    text = json.dumps(fields, indent=1, allow_nan=False)
    return {"file": "<python>", "text": text, "directory": str(Path.cwd())}
