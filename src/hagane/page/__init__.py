"""What pages are made of: markup by construction, the frame of a chart, cards and tables, one style sheet."""
