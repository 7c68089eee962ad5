"""``python -m stillwatch``: the same as the ``stillwatch`` command."""

from __future__ import annotations

from stillwatch.cli import main

if __name__ == "__main__":
    main()
