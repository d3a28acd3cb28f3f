"""Suite "descriptor": LTFormer against other descriptors of the very same keypoints, on places never trained on.

- scenes: tiles of a split with their places
- methods: what a method is; learned (networks: shipped weights, run folders), classical (OpenCV's)
- closed_set: aligned bands, the same points on both sides, windows of 64, 128 and 192 px (the protocol of the paper)
- open_set: SIFT in each image on its own under known warps: correct matches, precision, success
- retrieval: visible/NIR patches, partners or not: false positive rate at 95 % recall; vis_nir reads a public set
- curves: success and correct matches against rotation, scale, blur, noise and season
- bootstrap: intervals by place
- suite: all of it into one JSON file (`python -m benchmarks.descriptor`) and a table of pairs
- table: the README's tables, from that JSON alone
- figures: the pictures; bars and curves from the JSON, matches from the images
"""
