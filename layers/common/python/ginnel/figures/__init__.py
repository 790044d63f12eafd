"""What an operator wants to know of the installation as it is: its stores, what waits in them, how much there is.

Each part is asked for a short while. What does not answer is named as away, and keeps none of the others.
"""

from .whole import System, system

__all__ = ["System", "system"]
