"""How people come in: the front door, sign-in, second factors, their account, and what the pages hold to."""
