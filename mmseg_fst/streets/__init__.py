"""Procedural streets, the included data set in two domains."""

#: Names of the domains.
DOMAINS = ('rendered', 'camera')
