"""How good a model's answers are: measured where labels have come, estimated where they have not."""
