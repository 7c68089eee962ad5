"""stillwatch finds, stops and proves adversarial distillation, and warns peers."""

__version__ = "0.1.0"
__all__ = ["__version__"]
