"""Registration benchmark: suites of pairs with known truth, this product and its peers under the same check points."""
