from .comparison.compare import compare as compare
from .descent import descend as descend
