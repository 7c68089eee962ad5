"""Exchanges that arrive over the network: observed in memory, and only observations kept."""

from stillwatch.find.receiving.receiver import Limits, Receiver, Taken, observe_each
from stillwatch.find.receiving.requests import RequestError, read_request
from stillwatch.find.receiving.segments import Segments

__all__ = [
    "Limits",
    "Receiver",
    "RequestError",
    "Segments",
    "Taken",
    "observe_each",
    "read_request",
]
