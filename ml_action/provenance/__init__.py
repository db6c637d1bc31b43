"""Signed promotions: a statement about a model, the envelope that signs it, and the policy that it has to meet.

A promotion writes the statement (docs/signing.md); the bot, the consumer and `ml-auto-update verify` read it before a
byte of the model. Standard library only, until something is signed or verified.
"""
