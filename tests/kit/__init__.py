"""What tests share: drawings, layouts side by side, decks, netlists, specs and stand-ins for programs.

A conftest holds fixtures alone; what they and the tests draw, run or compare with stands here, once.
"""
