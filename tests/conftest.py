"""Settings of all tests: hypothesis draws the same examples in every run, so that a failure can be repeated.

Profile `mutants` is that of script/mutants: a test that fails has said enough, no smaller example is sought.
"""

from hypothesis import Phase, settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("mutants", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("repeatable")
