"""Many pairs: a manifest, workers of Dask, a record a pair, a summary of all. Only `command` imports Dask, and late."""
