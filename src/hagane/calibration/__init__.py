"""What held-out rows say of a fitted model's answers: probabilities made true, bounds put around numbers."""
