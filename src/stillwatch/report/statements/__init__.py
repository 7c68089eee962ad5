"""What is said to others: of a campaign, to an authority, to an account holder, to the public.

A module each, imported by itself: some read what only the extras ``share`` and ``serve`` bring.
"""

__all__: list[str] = []
