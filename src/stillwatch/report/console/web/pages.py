"""How pages are drawn: templates, filters, links, static files by their digest."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup, escape
from starlette.responses import Response

from stillwatch.report.console.cases import Act
from stillwatch.report.documents import words
from stillwatch.report.documents.templating import environment
from stillwatch.report.documents.visible import visible

if TYPE_CHECKING:
    from stillwatch.report.console.web.asking import Asked

__all__ = ["FILES", "Pages", "link"]

_FILES = {
    "report.css": ("stillwatch.report.documents", "report.css", "text/css; charset=utf-8"),
    "console.css": (
        "stillwatch.report.console.web",
        "static/console.css",
        "text/css; charset=utf-8",
    ),
    "console.js": (
        "stillwatch.report.console.web",
        "static/console.js",
        "text/javascript; charset=utf-8",
    ),
    "htmx.min.js": (
        "stillwatch.report.console.web",
        "static/htmx.min.js",
        "text/javascript; charset=utf-8",
    ),
    "icon.svg": ("stillwatch.report.console.web", "static/icon.svg", "image/svg+xml"),
}


def _read() -> dict[str, tuple[bytes, str, str]]:
    found = {}
    for name, (package, path, kind) in _FILES.items():
        raw = resources.files(package).joinpath(path).read_bytes()
        found[name] = (raw, kind, hashlib.sha256(raw).hexdigest()[:16])
    return found


FILES = _read()
"""Static files: bytes, media type and digest by name; there are no others."""


def link(path: str, /, **values: object) -> Markup:
    """Return an address within the console, ready for an attribute.

    >>> str(link("/campaign", id='a/../b"<', page=2))
    '/campaign?id=a%2F..%2Fb%22%3C&amp;page=2'
    """
    kept = {
        name.rstrip("_"): str(value) for name, value in values.items() if value not in {None, ""}
    }
    return escape(path + (f"?{urlencode(kept, errors='surrogatepass')}" if kept else ""))


class Pages:
    """Draws pages."""

    def __init__(self) -> None:
        own = jinja2.PackageLoader("stillwatch.report.console.web", "templates")
        reports = jinja2.PackageLoader("stillwatch.report.documents", ".")
        found = environment(
            jinja2.ChoiceLoader([own, jinja2.PrefixLoader({"documents": reports})]),
            _finalize,
            ago=ago,
            exact=escape,
            quoted=lambda text: escape(quote(str(text), safe="", errors="surrogatepass")),
            stamp=_stamp,
        )
        found.globals |= {"Act": Act, "asset": _asset, "link": link}
        self._environment = found

    def text(self, page: str, asked: Asked | None, /, **values: Any) -> str:  # noqa: ANN401 - a template's
        """Return a page or a part of one as text."""
        session = asked.session if asked else None
        shared = {
            "session": session,
            "person": session.person if session else None,
            "here": asked.request.url.path if asked else "",
            "query": dict(asked.request.query_params) if asked else {},
            "at": datetime.fromtimestamp(asked.now / 1e6, UTC) if asked else None,
        }
        return self._environment.get_template(f"{page}.html.j2").render(**shared, **values)

    def shown(
        self,
        page: str,
        asked: Asked | None,
        /,
        status: int = 200,
        **values: Any,  # noqa: ANN401
    ) -> Response:
        """Return a page as a response."""
        kind = "text/html; charset=utf-8"
        return Response(self.text(page, asked, **values), status, media_type=kind)


def ago(time: datetime | None, now: datetime) -> str:
    """Return how long ago something was.

    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, tzinfo=UTC))
    '1 d 3 h ago'
    """
    if time is None:
        return "—"
    span = now - time
    return f"{words.duration(span)} ago" if span >= timedelta(minutes=1) else "just now"


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _asset(name: str) -> str:
    return f"/static/{name}?v={FILES[name][2]}"


def _finalize(value: object) -> object:
    """Spell out what is invisible in every value that a template prints."""
    if isinstance(value, str) and not hasattr(value, "__html__"):  # escaped text is done
        return visible(value)
    return value
