"""What is measured of a table's columns, and what that says about them."""
