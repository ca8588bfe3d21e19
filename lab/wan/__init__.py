"""Regions as network namespaces, joined by a relay in user space."""
