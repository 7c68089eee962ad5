"""The console's pages over HTTP: sign-in, routes with their permissions, templates, exports."""

from __future__ import annotations

from stillwatch.report.console.web.desk import Desk, WebSettings
from stillwatch.report.console.web.pages import Pages
from stillwatch.report.console.web.routes import WAYS, console

__all__ = ["WAYS", "Desk", "Pages", "WebSettings", "console"]
