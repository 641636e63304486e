"""Linking a tab to a table: check both sides, show the plan, prepare the tab, record what they share."""

from app.linking.add import add_link
from app.linking.columns import add_column
from app.linking.manage import code_of, list_links, remove_link

__all__ = ["add_column", "add_link", "code_of", "list_links", "remove_link"]
