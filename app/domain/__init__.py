"""The vocabulary: frozen values shared by every layer above. Standard library and msgspec only."""
