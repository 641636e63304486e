"""Linking a tab to a table: check both sides, show the plan, prepare the tab, record what they share."""
