"""The vocabulary: frozen values that every layer above speaks in. Standard library only."""
