"""From SQL expressions to fitted ONNX graphs, and from rows to the feature columns that models learn from."""
