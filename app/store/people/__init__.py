"""People, memberships, sign-in links, sessions and mails."""
