"""The data contract: what the champion's data looked like, and which new datasets do not fit.

`learning` derives it from the training data, `checks` compares datasets with it, `drift` measures how far columns have
moved, `enforcement` applies the contract to a batch.
"""
