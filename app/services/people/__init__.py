"""People: invitations, signing in, sessions, second factors, memberships, and mails to them."""
