"""PyTorch: networks as modules, descents with ``torch.optim``."""
