"""Requests of which only the headers matter."""

from typing import Any

from chalice.app import Request


def asked(*headers: tuple[str, str]) -> Request:
    """A request with these headers: by name the last of each, and beside it all of them."""
    every: dict[str, list[str]] = {}
    for name, value in headers:
        every.setdefault(name, []).append(value)
    event: dict[str, Any] = {
        "headers": dict(headers),
        "multiValueHeaders": every,
        "multiValueQueryStringParameters": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/api/create-loan"},
        "pathParameters": None,
        "stageVariables": None,
        "body": "{}",
        "isBase64Encoded": False,
    }
    return Request(event)
