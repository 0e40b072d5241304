"""What people look at: a report of each run, the page that shows a run while it goes on, and the app."""
