"""Writes bace_pipe/types.py from the OpenAPI document of a service; a test compares the two.

    python tools/generate_types.py < ../docs/reference/openapi.json > bace_pipe/types.py

Objects become TypedDicts, in the order in which they can be read; alternatives become unions. What has no
name in the document is called after the field that holds it.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from typing import Any

Schema = dict[str, Any]

# What the client's methods return; what these refer to comes along.
ROOTS = ("Problem", "Submitted", "Job", "Explained", "Plan", "Region")
SCALARS = {"string": "str", "number": "float", "integer": "int", "boolean": "bool", "null": "None"}
LINE = 110
REFERENCE = "#/components/schemas/"
HEAD = '''"""Bodies of the service's answers, written by tools/generate_types.py from its OpenAPI document.

Times are seconds since 1970 on the service's clock; field names end in their unit.
"""

from __future__ import annotations

from typing import Literal, TypedDict

'''


class Generator:
    def __init__(self, document: Schema) -> None:
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        self.texts: dict[str, str] = {}

    def text(self) -> str:
        for root in ROOTS:
            self.named(root)
        return HEAD + "\n".join(f"\n{text}" for text in self.texts.values())

    def named(self, name: str) -> str:
        """Type of a reference: a component that may be null is written down without the null."""
        schema = self.schemas[name]
        nullable = "null" in types_of(schema)
        if name not in self.texts:
            kept = {**schema, "type": [kind for kind in types_of(schema) if kind != "null"]}
            kept = kept if nullable else schema
            written = self.type_of(kept, name)
            if written != name:
                self.texts[name] = alias(name, written)
        return f"{name} | None" if nullable else name

    def type_of(self, schema: Schema, name: str) -> str:
        if "$ref" in schema:
            return self.named(schema["$ref"].removeprefix(REFERENCE))
        for key in ("oneOf", "anyOf", "allOf"):
            if key in schema:
                parts = [self.type_of(part, name + variant(part)) for part in schema[key]]
                return self.union(name, " | ".join(parts).split(" | "))
        if "const" in schema:
            return f"Literal[{literal(schema['const'])}]"
        if "enum" in schema:
            values = [literal(value) for value in schema["enum"] if value is not None]
            none = " | None" if None in schema["enum"] else ""
            return f"Literal[{', '.join(values)}]{none}"
        return " | ".join(self.plain(kind, schema, name) for kind in types_of(schema))

    def union(self, name: str, parts: list[str]) -> str:
        """A name of its own for alternatives of several objects."""
        text = " | ".join(dict.fromkeys(parts))
        if name in self.schemas or sum(part in self.texts for part in parts) < 2:
            return text
        self.texts[name] = alias(name, text)
        return name

    def plain(self, kind: str, schema: Schema, name: str) -> str:
        if kind == "array":
            return f"list[{self.type_of(schema['items'], singular(name))}]"
        if kind != "object":
            return SCALARS[kind]
        if "properties" in schema:
            self.write(name, schema)
            return name
        return f"dict[str, {self.type_of(schema['additionalProperties'], name)}]"

    def write(self, name: str, schema: Schema) -> None:
        fields = {
            field: self.type_of(inner, name + pascal(field)) for field, inner in schema["properties"].items()
        }
        required = {field: fields[field] for field in fields if field in schema.get("required", [])}
        optional = {field: fields[field] for field in fields if field not in required}
        if required and optional:
            base = f"_{name}Required"
            text = f"{typed_dict(base, required)}\n\n{typed_dict(name, optional, f'{base}, total=False')}"
        else:
            total = "TypedDict" if required else "TypedDict, total=False"
            text = typed_dict(name, required or optional, total)
        if self.texts.setdefault(name, text) != text:
            raise ValueError(f"two objects would be called {name}")


def typed_dict(name: str, fields: dict[str, str], bases: str = "TypedDict") -> str:
    """As a class; as a call where a field is a word of Python's own."""
    if any(keyword.iskeyword(field) for field in fields):
        if bases != "TypedDict":
            raise ValueError(f"{name}: an optional field is a word of Python's own")
        lines = [f'        "{field}": {quoted(kind)},\n' for field, kind in fields.items()]
        return f'{name} = TypedDict(\n    "{name}",\n    {{\n{"".join(lines)}    }},\n)\n'
    return f"class {name}({bases}):\n" + "".join(f"    {field}: {kind}\n" for field, kind in fields.items())


def alias(name: str, text: str) -> str:
    if len(f"{name} = {text}") <= LINE:
        return f"{name} = {text}\n"
    parts = "\n    | ".join(text.split(" | "))
    return f"{name} = (\n    {parts}\n)\n"


def quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


def types_of(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def variant(schema: Schema) -> str:
    """Of alternatives: what the field says that tells them apart."""
    for inner in schema.get("properties", {}).values():
        if len(inner.get("enum", [])) == 1:
            return pascal(str(inner["enum"][0]))
    return ""


def literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def pascal(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", text))


def singular(name: str) -> str:
    return re.sub(r"ies$", "y", name) if name.endswith("ies") else re.sub(r"s$", "", name)


if __name__ == "__main__":
    sys.stdout.write(Generator(json.load(sys.stdin)).text())
