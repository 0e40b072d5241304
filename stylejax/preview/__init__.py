"""What people look at: a report of each run, and the page that shows a run while it goes on."""
