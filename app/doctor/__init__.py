"""``twinsheet doctor``: look at the whole set-up, and for each fault name the one thing that mends it."""

from app.doctor.examine import examine
from app.doctor.finding import Finding

__all__ = ["Finding", "examine"]
