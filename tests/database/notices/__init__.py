"""Notices: what causes one, how it gets out, the rules behind some."""
