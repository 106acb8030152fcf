"""What tests of many records share."""
