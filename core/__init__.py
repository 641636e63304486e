"""The rules of Twinsheet: pure decisions, standard library only."""
