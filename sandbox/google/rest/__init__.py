"""Google's REST interface of spreadsheets, as its discovery document describes it."""
