"""The sandbox's page: a spreadsheet to type into, and the linked table beside it, both live."""
