"""The processes of the service: a keeper that holds the token and the port, and workers that load models and answer.

A model is code. Whatever it does in a worker, the token is not there: the keeper asks GitHub for the workers, and
writes the feedback that they hand over. They talk through pipes in JSON and bytes, never in pickles.
"""
