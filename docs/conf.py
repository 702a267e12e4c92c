"""Sphinx configuration: the pages of docs/ as a site, warnings as errors."""

import hagane

project = "Hagane"
author = "The Hagane authors"
version = release = hagane.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"Hagane {version}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
