"""Puts this folder on the path, so that suites of find share ``made_log``."""
