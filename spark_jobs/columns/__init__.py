"""Expressions and rules on columns: what silver and gold may use."""
