"""Gateways: each makes requests of what it received, asks a service, and does what it says."""

from __future__ import annotations

__all__: list[str] = []
