"""Many pictures: tables of jobs, groups of one shape, an engine that loses nothing."""
