"""A web service that always runs the best model: it predicts, swaps models, and turns feedback into datasets."""
