"""A wide-area network on one machine, and the runs of tests and benches over it. Needs root on Linux."""
