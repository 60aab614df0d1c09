"""Expressions and rules on columns: all that silver and gold may import."""
