from right import TEXT

__all__ = ["TEXT"]
