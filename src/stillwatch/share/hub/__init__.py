"""The neutral side of the exchange: takes, keeps, logs and hands on what members publish."""

from __future__ import annotations

from stillwatch.share.hub.app import App
from stillwatch.share.hub.hub import Hub
from stillwatch.share.hub.settings import HubSettings, Witness

__all__ = ["App", "Hub", "HubSettings", "Witness"]
