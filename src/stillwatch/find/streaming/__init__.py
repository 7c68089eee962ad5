"""Exchanges from a stream: read once, committed with their positions, decided by event time."""

from stillwatch.find.streaming.committing import Lake, commit
from stillwatch.find.streaming.intake import Intake
from stillwatch.find.streaming.interface import Message, Reader
from stillwatch.find.streaming.watching import Limits, Told, Watch
from stillwatch.find.streaming.watermark import Pace, due

__all__ = [
    "Intake",
    "Lake",
    "Limits",
    "Message",
    "Pace",
    "Reader",
    "Told",
    "Watch",
    "commit",
    "due",
]
