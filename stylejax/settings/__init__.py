"""What a run is asked to do, as data.

Reading order: `fields` (metadata of a setting), `validation`, `settings`, `derived`, `parse`, `recipes`, `objective_spec`,
`record`; then `layer_weights`, `blend`, `per_scale`, `schedules`, `pixel_space`, `pyramid`, and `transformation` (optimizers
of optax).
"""
