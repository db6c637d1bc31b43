"""Load and validate: every dataset is read, bad ones are rejected, and drift since the champion is measured.

The package is imported only after the trigger has fired: it loads pandas and scikit-learn.
"""
