"""Tables, models and numbers: the only home of pandas, scikit-learn and joblib.

Never imported before the trigger has fired. Five packages build on each other: `reading` → `validation` →
`evaluation` → `training` → `contract`; `trial` trains a challenger and compares it with the champion, `rescoring`
compares two versions.
"""
