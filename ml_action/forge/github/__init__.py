"""The forge on github.com or GitHub Enterprise Server, through PyGithub.

`client` implements the protocol, `session` sends requests and waits for rate limits, `errors` translates refusals.
"""
