"""Knocking at the door of a fleet in service."""

import json
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any, NoReturn, Protocol, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from openami.core.errors import ConnectionLost, DefinitionError
from openami.meters.hands import Value

PATIENCE_S = 600
"""A hand on very many meters takes its time."""


class Refusal(Protocol):
    """Says why the door has refused: status and sentence."""

    def __call__(self, status: int, sentence: str, /) -> NoReturn:
        """End here."""
        ...


def lay(where: str, selection: str, name: str, value: Value, refuse: Refusal) -> Sequence[int]:
    """Let a hand be laid on meters; their numbers."""
    place = urlsplit(where)
    if place.scheme != "http" or not place.hostname or place.path not in ("", "/") or place.query:
        raise DefinitionError(f"{where}: expected http://127.0.0.1:PORT")
    body = json.dumps({"meters": selection, "value": value}).encode()
    request = Request(f"http://{place.netloc}/hands/{name}", body, {"Content-Type": "application/json"}, method="POST")
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE_S) as answer:
            return cast("Sequence[int]", json.load(answer)["meters"])
    except HTTPError as error:
        refuse(error.code, sentence(error))
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        raise ConnectionLost(f"{where}: no fleet answers there with --control ({reason(error)})") from error


def sentence(error: HTTPError) -> str:
    """Take the sentence out of an answer."""
    try:
        found = cast("dict[str, Any]", json.load(error))
        return str(found["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"what answers there is no fleet: {error.code} {error.reason}"


def reason(error: Exception) -> str:
    """Say what went wrong below."""
    inner = getattr(error, "reason", error)
    return str(getattr(inner, "strerror", None) or inner).lower()
