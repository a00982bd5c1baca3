"""The benchmarks of afprobe: Benchmarks/run."""
