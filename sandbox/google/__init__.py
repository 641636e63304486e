"""The sandbox's Google: spreadsheets, their REST interface and a person at the keyboard."""
