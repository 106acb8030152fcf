"""People who sign in: who they are, what they may do for whom, and how they prove who they are."""
