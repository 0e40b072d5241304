"""The application on a hosted space, whose own front door is the only one to reach it."""

from stylejax.preview.app.form import serve

serve(host="0.0.0.0", browser=False)
