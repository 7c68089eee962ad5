"""The tables of a member's store."""

from __future__ import annotations

__all__ = ["TABLES", "VERSION"]

VERSION = 3
"""Rises with each change of the tables; a store of another version is not read."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE object (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, version TEXT NOT NULL, idx INTEGER NOT NULL,
  author TEXT NOT NULL, target TEXT NOT NULL, source TEXT NOT NULL, made_by TEXT NOT NULL,
  revoked INTEGER NOT NULL, ends REAL NOT NULL, body BLOB NOT NULL);
CREATE INDEX object_target ON object (target) WHERE target <> '';
CREATE INDEX object_type ON object (type, revoked, ends);
CREATE TABLE refused (
  idx INTEGER NOT NULL, source TEXT NOT NULL, rule TEXT NOT NULL, publisher TEXT NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY (source, idx, body)) WITHOUT ROWID;
CREATE TABLE member (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, keys TEXT NOT NULL);
CREATE TABLE ceremony (idx INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE outgoing (
  id TEXT NOT NULL, version TEXT NOT NULL, body BLOB NOT NULL, approved_by TEXT NOT NULL,
  made REAL NOT NULL, state TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (id, version));
CREATE TABLE own (
  campaign TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (campaign, kind));
CREATE TABLE held_back (
  id TEXT PRIMARY KEY, share REAL NOT NULL, hit INTEGER NOT NULL, since REAL NOT NULL);
CREATE TABLE recall (
  id TEXT NOT NULL, version TEXT NOT NULL, deadline TEXT NOT NULL, acknowledged INTEGER NOT NULL,
  PRIMARY KEY (id, version));
"""
"""SQL, a statement to each semicolon."""
