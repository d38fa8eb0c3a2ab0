"""The REST interface, from the OpenAPI document that the application itself gives."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from generators.markdown import code, first_paragraph, table
from openami.aio.clock import RealClock
from openami.headend.app import rest
from openami.headend.collection.tables import open_database
from openami.headend.kit.settings import Settings

HEAD = """# REST

Served by `openami up` and `openami headend serve` beside the pages; the machine-readable form is `/api/openapi.json`.
Times are ISO 8601 with their offset. Lists come in pages: give `next` of one page as `after` (or `before`) of the
following one. Every error is `application/problem+json` (RFC 9457) whose `detail` is one sentence. There are no
accounts yet, so the server listens on 127.0.0.1 alone.
"""
Schema = Mapping[str, Any]
STAND_INS = {"HTTPValidationError": "Problem", "ValidationError": "Problem"}
"""What FastAPI states of its own errors; our handlers answer every one of them with a `Problem`."""


def page() -> str:
    """Describe every route and every schema."""
    return HEAD + described(openapi())


def described(document: Schema) -> str:
    """Describe what an OpenAPI document holds."""
    routes = "".join(
        section(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    known = document["components"]["schemas"]
    schemas = "".join(schema(name, known[name]) for name in sorted(known.keys() - STAND_INS))
    return f"{routes}\n# Schemas\n{schemas}"


def openapi() -> dict[str, Any]:
    """Ask the application for its document."""
    with TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        with contextlib.closing(open_database(settings)) as database:
            return rest(settings, RealClock(), database).openapi()


def section(method: str, path: str, operation: Schema) -> str:
    """Describe one route."""
    given = [
        (code(p["name"]), p["in"], type_of(p["schema"]), default(p["schema"]), p.get("description", ""))
        for p in operation.get("parameters", ())
    ]
    answers = [
        (status, bodies(answer.get("content", {})), answer["description"])
        for status, answer in sorted(operation["responses"].items())
    ]
    body = bodies(operation.get("requestBody", {}).get("content", {}))
    return (
        f"\n## {method.upper()} {path}\n\n{first_paragraph(operation.get('description', ''))}\n"
        + (f"\n{table(('parameter', 'in', 'type', 'default', 'meaning'), given)}\n" if given else "")
        + (f"\nBody: {body}\n" if body else "")
        + f"\n{table(('status', 'body', 'meaning'), answers)}\n"
    )


def bodies(content: Schema) -> str:
    """Name the types of a body."""
    named = [f"{kind}: {type_of(part['schema'])}" if part.get("schema") else kind for kind, part in content.items()]
    return "; ".join(named)


def schema(name: str, found: Schema) -> str:
    """Describe one schema."""
    if "enum" in found:
        fields = "\n".join(f"- {code(value)}" for value in found["enum"])
    else:
        required = found.get("required", ())
        rows = [
            (code(field), type_of(part), "yes" if field in required else "", part.get("description", ""))
            for field, part in found.get("properties", {}).items()
        ]
        fields = table(("field", "type", "always there", "meaning"), rows)
    about = first_paragraph(found.get("description", ""))
    return "\n\n".join(filter(None, (f"\n## {name}", about, fields))) + "\n"


def type_of(found: Schema) -> str:
    """Name a type in words."""
    if "$ref" in found:
        name = str(found["$ref"]).rpartition("/")[2]
        return code(STAND_INS.get(name, name))
    if "anyOf" in found:
        return " or ".join(type_of(part) for part in found["anyOf"])
    if found.get("type") == "array":
        return f"list of {type_of(found['items']) if 'items' in found else 'anything'}"
    if "enum" in found:
        return " or ".join(code(value) for value in found["enum"])
    return " ".join(limits(found))


def limits(found: Schema) -> Iterator[str]:
    """Name a plain type and its limits."""
    yield str(found.get("format") or found.get("type", "anything"))
    for word, keys in {"from": ("minimum",), "above": ("exclusiveMinimum",), "to": ("maximum",)}.items():
        for key in keys:
            if key in found:
                yield f"{word} {found[key]:g}"


def default(found: Schema) -> str:
    """Show a default that is there and says something."""
    value: object = found.get("default")
    return "" if value is None or value in ("", []) else code(value)
