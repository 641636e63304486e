"""Runs the files of apps_script/ as Google does: V8, Google's services, triggers and a menu."""
