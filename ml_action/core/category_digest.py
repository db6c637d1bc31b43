"""Categories that are stored as digests, because the data that they come from are private."""

from __future__ import annotations

import hashlib
import hmac

LENGTH = 16  # hexadecimal digits


def digest(key: str, category: str) -> str:
    """Returns the digest that replaces a category; without a key the category itself."""
    if not key:
        return category
    return hmac.new(key.encode(), category.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:LENGTH]
