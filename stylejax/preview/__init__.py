"""HTML pages: reports of finished runs, the live page of a run in progress, and the browser app.

Reading order: `curves`, `embed`, `thumbnails` and `command` (parts of pages), `template` (HTML from `pages`), `report`,
`report_video` and `grid` (reports, which need Jinja2); `live_run` (the state of a run) with `live` and `live_clip`; `site`,
`access`, `connections` and `server` (the live page, which needs the extra `live`); then `app`.
"""
