"""Declarations: what the user asks for (`Spec`), read from and written as YAML, checked."""
