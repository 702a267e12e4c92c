"""Hagane's models within other projects' engines. Each module needs that project; none is imported by another room."""
