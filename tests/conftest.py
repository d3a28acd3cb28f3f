"""Settings of all tests: hypothesis draws the same examples in every run, so that a failure can be repeated.

Profile `mutants` is that of script/mutants: fewer examples, and of a test that fails none smaller is sought.
"""

from hypothesis import Phase, settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile(
    "mutants", derandomize=True, database=None, max_examples=20, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("repeatable")
