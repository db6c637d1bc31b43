"""Numbers about predictions: metrics, losses, and the comparison of two models on the same rows."""
