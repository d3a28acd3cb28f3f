"""Registration benchmark: suites of pairs with known truth, this product and its peers under the same check points.

pairs  warps  scenes                                          a pair of files, its truth, and what it is made of
smallshift  geometry  crossscene  gsd  orchard                the suites: each yields pairs
related  unrelated  noise                                     suites that ask whether the verdict can be trusted
methods  product  opencv_peers  ecc  packaged_peers  peer_worker     what answers them
scoring  report  table                                        rows and summaries, results file, README
"""
