"""What workloads and techniques of serving share: streams, loops, caches of answers, engines."""
