"""TensorFlow: networks as modules, descents with a gradient tape."""
