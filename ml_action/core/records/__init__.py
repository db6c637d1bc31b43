"""The values that the packages exchange: frozen dataclasses without behaviour beyond properties.

Many are stored as JSON in the journal or in model_metadata.json: their field names are a file format.
"""
