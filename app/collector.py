"""Python's garbage collector, in processes through which rows go by the thousand."""

import gc

GARBAGE_OBJECTS = 20_000
"""So many objects may come without going before anybody looks for cycles among them."""


def spare_collector() -> None:
    """What was imported is garbage never, and rows come and go by the thousand without a cycle among them: looking
    through all of it for one again and again takes a tenth of the processor."""
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
