"""One experiment in several frameworks: how they are told what to do, and where and why they part."""
