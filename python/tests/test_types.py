"""The types are what the service says of itself."""

from __future__ import annotations

from pathlib import Path

from conftest import Service
from generate_types import Generator

import bace_pipe.types
from bace_pipe.http import Http


def test_the_types_are_those_of_the_services_openapi_document(service: Service) -> None:
    document = Http(service.url, None, 30).json("/openapi.json")
    written = Path(bace_pipe.types.__file__).read_text("utf-8")
    assert written == Generator(document).text(), "run tools/generate_types.py"
