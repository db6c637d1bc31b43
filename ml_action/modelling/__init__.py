"""Models and numbers: the only home of pandas, numpy, scikit-learn and joblib. The loop imports it late."""
