"""What people see of an endpoint's windows, as plain data: for the terminal, the page, and whatever else draws."""
