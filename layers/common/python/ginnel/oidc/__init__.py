"""Signing in with OpenID Connect: an account of a provider that the operator trusts leads into one of ours.

`provider` is who is asked, `flow` the way there and back, `idtokens` reads what comes back, `identities` keeps whose it is.
"""
