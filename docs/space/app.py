"""The application on a hosted space, whose own front door is the only one to reach it."""

from stylejax.preview.app.serve import serve

serve(host="0.0.0.0", open_to_all=True)
