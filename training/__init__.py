"""Training of the LTFormer descriptor on co-registered visible and near-infrared tiles."""
