"""What a run is asked to do, as data.

Reading order: `settings`, `recipes`, `validation`; then `layer_weights`, `blend`, `schedules`, `pixel_space`, `pyramid`.
"""
