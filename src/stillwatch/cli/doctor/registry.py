"""All checks, in the order in which one leads to the next."""

from __future__ import annotations

from stillwatch.cli.doctor import (
    databases,
    folders,
    governing,
    keys,
    machine,
    peers,
    scans,
    services,
)
from stillwatch.cli.doctor.interface import Check

__all__ = ["CHECKS"]

CHECKS = (
    Check("D-1", "settings", machine.settings),
    Check("D-2", "Python", machine.python),
    Check("D-3", "packages", machine.packages),
    Check("D-4", "extras", machine.extras),
    Check("D-5", "compiled kernels", machine.kernels),
    Check("D-6", "room on disks", folders.room),
    Check("D-7", "folders", folders.there),
    Check("D-8", "who may read folders", folders.closed),
    Check("D-9", "keys and secrets", keys.secrets),
    Check("D-10", "certificates and credentials", keys.expiring),
    Check("D-11", "listeners", keys.listeners),
    Check("D-12", "databases answer", databases.answer),
    Check("D-13", "tables are the newest", databases.newest),
    Check("D-14", "the hub's log and key", databases.log),
    Check("D-15", "Redis or Valkey", services.redis),
    Check("D-16", "NATS", services.nats),
    Check("D-17", "policy", governing.policy),
    Check("D-18", "the hub as a member sees it", peers.hub),
    Check("D-19", "clocks", peers.clock),
    Check("D-20", "state of scans", scans.state),
    Check("D-21", "results of scans", scans.results),
    Check("D-22", "people of the console", scans.people),
)
"""Numbers are stable: one that goes is not used again."""
