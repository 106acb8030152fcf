"""What all lists share: orders of rows, and how pages of them are found."""
