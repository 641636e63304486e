"""How Hypothesis works here: no deadlines (machines are shared), and nothing left on disk."""

from hypothesis import settings

settings.register_profile("twinsheet", deadline=None, database=None, print_blob=True)
settings.load_profile("twinsheet")
