"""The registry of physicians: imported, made up for tests, and asked whether somebody is on file."""
