"""Which labels are difficult, why, and which did a change help?"""

__version__ = "0.1.0"
