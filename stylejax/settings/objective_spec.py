"""The static part of the objective, from settings."""

from stylejax.losses.spec import ObjectiveSpec
from stylejax.settings.settings import Settings


def objective_spec(settings: Settings) -> ObjectiveSpec:
    """The layers, the statistic and the forms of the terms; not their weights."""
    return ObjectiveSpec(
        content_layers=tuple(settings.content_layer_weights),
        style_layers=tuple(settings.style_layer_weights),
        statistic=settings.style_loss,
        variation=settings.variation,
        relative=settings.normalization == "relative",
        normalize_gradients=settings.normalize_gradients,
        octaves=settings.octaves,
        content_norm=settings.content_norm,
    )
