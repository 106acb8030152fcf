"""What happened, told to those who want to know: events, webhook endpoints, deliveries."""
