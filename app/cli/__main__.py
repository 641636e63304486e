"""``python -m app.cli`` is ``twinsheet``."""

from app.cli import main

if __name__ == "__main__":
    main()
