"""How much of a style a picture has and how much of its content it kept, as a network sees it that did not paint it."""
