"""The application for a hosted space, which controls access itself."""

from stylejax.preview.app.serve import serve

serve(host="0.0.0.0", open_to_all=True)
