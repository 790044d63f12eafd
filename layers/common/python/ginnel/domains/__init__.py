"""The host names that links live on. What a visitor gets from one by itself is compiled in `hosts`.

Here is what links need of them. How clients see domains is in `reading`, how they change them in `writing`.
"""

from .finding import chosen, find, hosts
from .tables import Domain, ensure_default

__all__ = ["Domain", "chosen", "ensure_default", "find", "hosts"]
