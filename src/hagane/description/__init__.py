"""What a person wants to see of a table: its columns, what goes together, what is missing, what tells the label."""
