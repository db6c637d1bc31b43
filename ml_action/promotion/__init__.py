"""From a decision to a merged pull request.

What has to be remembered leaves in one atomic push (`recording`); everything after it can be repeated by the next run
(`lifecycle`).
"""
