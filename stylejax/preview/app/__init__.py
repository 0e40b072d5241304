"""The application: stylejax in a browser, without a command line."""
